import type { GraphSignature, SignedGraph, TensorDatatype } from '../../operators/signature.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { OnnxModel, OnnxValue } from './read-onnx.ts';
import { upgradeOperators } from './upgrade-operators.ts';

/** TensorProto.DataType of inputs and outputs. */
const datatypes: Readonly<Record<number, TensorDatatype>> = {
  0: 'FP32',
  1: 'FP32',
  2: 'UINT8',
  3: 'INT8',
  4: 'UINT16',
  5: 'INT16',
  6: 'INT32',
  7: 'INT64',
  9: 'BOOL',
  10: 'FP16',
  11: 'FP64',
  12: 'UINT32',
  13: 'UINT64',
  16: 'FP32',
};

/** A file's graph with its signature. @throws UnrollError invalid_model with every unsupported operator */
export function signGraph(model: OnnxModel): SignedGraph {
  const { named, operators, outputs, constants } = upgradeOperators(model);
  const sign = (
    { name, shape, sizes, type }: OnnxValue,
    value: string,
  ): GraphSignature['inputs'][number] => ({
    name,
    value,
    datatype: datatypes[type] ?? invalidModel(`${quote(name)} has the unsupported data type ${type}`),
    shape: shape.map((size, i) => size ?? (sizes[i] || null)),
  });
  return {
    signature: {
      inputs: model.inputs.map((one) => sign(one, named.get(one.name)!)),
      outputs: model.outputs.map((one, i) => sign(one, outputs[i]!)),
    },
    operators,
    constants,
  };
}
