import type { SignatureTensor, SignedGraph, TensorDatatype } from '../../operators/signature.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { OnnxModel, OnnxValue } from './read-onnx.ts';
import { upgradeOperators } from './upgrade-operators.ts';

/** By TensorProto.DataType. */
const datatypes: Readonly<Record<number, TensorDatatype>> = {
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
};

/**
 * Converts a model to an operator graph with the file's inputs and outputs.
 * @throws UnrollError invalid_model with every unsupported operator, or an input or output that is no tensor of
 * numbers
 */
export function onnxToSignedGraph(model: OnnxModel): SignedGraph {
  const { inputs, operators, outputs, constants } = upgradeOperators(model);
  return {
    signature: {
      inputs: model.inputs.map((input, i) => toTensor(input, inputs[i]!, 'input')),
      outputs: model.outputs.map((output, i) => toTensor(output, outputs[i]!, 'output')),
    },
    operators,
    constants,
  };
}

function toTensor(
  { name, type, shape, sizes, ranked }: OnnxValue,
  value: string,
  role: string,
): SignatureTensor {
  const datatype = datatypes[type];
  if (!datatype)
    return invalidModel(
      `the ${role} ${quote(name)} has the data type ${type}, must be a tensor of numbers or booleans`,
    );
  return {
    name,
    value,
    datatype,
    shape: ranked ? shape.map((size, axis) => toDimension(size, sizes[axis] ?? '')) : null,
  };
}

/** Exporters write a size that is not fixed as a name, as nothing, as 0 or as a negative number. */
const toDimension = (size: number | null, name: string): number | string | null =>
  size !== null && size > 0 ? size : name === '' ? null : name;
