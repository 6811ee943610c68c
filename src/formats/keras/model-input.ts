import { invalidModel, quote } from '../format-errors.ts';
import type { KerasLayer } from './keras-layer.ts';
import type { GraphTensor, ModelInput } from './to-operators/graph-builder.ts';
import { getBatchShape } from './topology.ts';

const datatypes: Readonly<Record<string, ModelInput['datatype']>> = {
  bool: 'BOOL',
  uint8: 'UINT8',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
};

/** A tensor that is an input of the model. */
export type GraphInput = GraphTensor & { readonly input: ModelInput };

/**
 * Reads an input of the model: shape and datatype are in its InputLayer.
 * @param name under which the model takes it
 * @throws UnrollError invalid_model
 */
export function readModelInput({ config }: KerasLayer, name: string, index: number): GraphInput {
  const given = getBatchShape(config);
  const shape: readonly unknown[] = Array.isArray(given) ? given.slice(1) : [null];
  const sizes = shape.map((size) =>
    size === null || (Number.isSafeInteger(size) && (size as number) > 0)
      ? (size as number | null)
      : invalidModel(`${quote(name)} has the input shape ${quote(shape)}, must be whole numbers or null`),
  );
  // a policy, as Keras 3 has it in the config of a layer, has floats
  const dtype = typeof config['dtype'] === 'string' ? config['dtype'] : 'float32';
  const datatype = Object.hasOwn(datatypes, dtype)
    ? datatypes[dtype]!
    : invalidModel(`${quote(name)} has the type ${quote(dtype)}, which is not supported`);
  return {
    value: index === 0 ? 'input' : `input_${index}`,
    shape: sizes,
    input: { name, datatype },
  };
}
