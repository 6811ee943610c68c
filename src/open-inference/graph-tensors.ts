import { UnrollError } from '../errors.ts';
import type { TensorValues } from '../network/signed-graph/graph-evaluator.ts';
import { type GraphSignature, type SignatureTensor, type TensorDatatype } from '../operators/signature.ts';
import { invalidField } from '../tasks/invalid-field.ts';
import type { TimeSlice } from '../time-slice.ts';
import { numberDatatypes } from './datatypes.ts';
import type { TensorSignature } from './tensor-signature.ts';
import type { WireTensor } from './tensor.ts';

// Tensors of a request as the inputs of a graph, and a graph's outputs as tensors of a reply: names, datatypes
// and shapes are those of the model's file.

const elementsPerCheck = 16_384;

/**
 * The inputs of a graph, in its signature's order.
 * @throws UnrollError invalid_request for tensors that do not fit the signature, cancelled
 */
export async function readGraphInputs(
  { inputs: expected }: GraphSignature,
  given: readonly WireTensor[],
  slice: TimeSlice,
): Promise<TensorValues[]> {
  const byName = new Map<string, WireTensor>();
  given.forEach((tensor, i) => {
    if (!expected.some(({ name }) => name === tensor.name))
      invalidField(
        `inputs[${i}].name`,
        `must be one of ${listNames(expected)}, was ${quoteName(tensor.name)}`,
      );
    if (byName.has(tensor.name)) invalidField(`inputs[${i}].name`, `${tensor.name} was given twice`);
    byName.set(tensor.name, tensor);
  });
  const inputs: TensorValues[] = [];
  for (const declared of expected) {
    const tensor = byName.get(declared.name);
    if (!tensor) return invalidField('inputs', `${declared.name} is missing`);
    checkTensor(tensor, declared);
    const { datatype } = declared;
    const numbers = tensor.values as ArrayLike<number>;
    const short = datatype === 'FP16' || datatype === 'FP32';
    const values = short ? new Float32Array(numbers.length) : new Float64Array(numbers.length);
    const toStored = datatype === 'FP16' ? roundToFloat16 : (value: number): number => value;
    for (let i = 0; i < numbers.length; i++) {
      values[i] = toStored(numbers[i]!);
      if (!Number.isFinite(values[i]) && Number.isFinite(numbers[i]))
        invalidField(`inputs.${declared.name}[${i}]`, `must be ${datatype}, was ${numbers[i]}`);
      if (i % elementsPerCheck === 0 && slice.due()) await slice.next();
    }
    inputs.push({ shape: tensor.shape, values });
  }
  return inputs;
}

/** A tensor as the protocol declares it: −1 for sizes that are not fixed. */
export const toWireTensorSignature = ({ name, datatype, shape }: SignatureTensor): TensorSignature => ({
  name,
  datatype,
  shape: (shape ?? [null]).map((size) => (typeof size === 'number' ? size : -1)),
});

/** @throws UnrollError invalid_request where a tensor is not as the file declares it */
export function checkTensor({ name, datatype, shape }: WireTensor, declared: SignatureTensor): void {
  if (datatype !== declared.datatype)
    invalidField(`inputs.${name}.datatype`, `must be ${declared.datatype}, was ${datatype}`);
  if (
    declared.shape &&
    (shape.length !== declared.shape.length ||
      declared.shape.some((size, axis) => typeof size === 'number' && size !== shape[axis]))
  )
    invalidField(
      `inputs.${name}.shape`,
      `must be [${toWireTensorSignature(declared).shape.join(', ')}], was [${shape.join(', ')}]`,
    );
}

/**
 * The places of the requested outputs in a signature, all by default.
 * @throws UnrollError invalid_request for an output that the graph does not have
 */
export function findOutputs(
  { outputs }: GraphSignature,
  requested: readonly { readonly name: string }[] | undefined,
): number[] {
  if (!requested) return outputs.map((_, i) => i);
  return requested.map(({ name }, i) => {
    const place = outputs.findIndex((one) => one.name === name);
    if (place < 0)
      invalidField(`outputs[${i}].name`, `must be one of ${listNames(outputs)}, was ${quoteName(name)}`);
    return place;
  });
}

/**
 * A graph's output as a tensor of a reply.
 * @throws UnrollError input_mismatch for a 64-bit integer that a float64 does not have; cancelled
 */
export async function toWireTensor(
  { name, datatype }: SignatureTensor,
  { shape, values }: TensorValues,
  slice: TimeSlice,
): Promise<WireTensor> {
  if (datatype === 'FP32') return { name, datatype, shape, values: new Float32Array(values) };
  const convert = conversions[datatype] ?? ((value: number): number => value);
  const numbers: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = convert(values[i]!);
    if (datatype.endsWith('INT64') && !Number.isSafeInteger(value))
      throw new UnrollError(
        'input_mismatch',
        `outputs.${name}[${i}]: is ${value}, integers are computed up to ${Number.MAX_SAFE_INTEGER}`,
      );
    numbers.push(value);
    if (i % elementsPerCheck === 0 && slice.due()) await slice.next();
  }
  return { name, datatype, shape, values: numbers };
}

const view = new DataView(new ArrayBuffer(8));

/** The nearest number that a datatype has; integers wrap. */
const throughBytes =
  (datatype: TensorDatatype) =>
  (value: number): number => {
    const { write, read } = numberDatatypes[datatype];
    write(view, 0, value);
    return read(view, 0);
  };
const roundToFloat16 = throughBytes('FP16');
const conversions: { readonly [datatype in TensorDatatype]?: (value: number) => number } = {
  FP16: roundToFloat16,
  INT8: throughBytes('INT8'),
  INT16: throughBytes('INT16'),
  INT32: throughBytes('INT32'),
  UINT8: throughBytes('UINT8'),
  UINT16: throughBytes('UINT16'),
  UINT32: throughBytes('UINT32'),
};

const listNames = (tensors: readonly SignatureTensor[]): string => tensors.map(({ name }) => name).join(', ');
const quoteName = (name: string): string => JSON.stringify(name.slice(0, 64));
