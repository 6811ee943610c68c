import type { Tensor } from '../../network/weights.ts';
import { findKind, type OperandKind } from '../../operators/number-kinds.ts';
import { countElements } from '../arrays.ts';
import { invalidWeights, quote } from '../format-errors.ts';
import { readFloat64 } from '../float-types.ts';
import { numberTypes, type NumberType } from '../number-types.ts';
import { getExternalBytes, type ExternalData } from './external-data.ts';
import { asBytes, asInteger, asText, parseFields, readFloats, readIntegers } from './protobuf.ts';

/** A tensor; `whole` has the exact values of integers, booleans and float64. */
export interface OnnxTensor extends Tensor {
  readonly kind: OperandKind;
  readonly whole?: Float64Array;
}

const types: Readonly<Record<number, NumberType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
};

/** Parses a TensorProto. @param expect called with the number of elements before they are allocated */
export function parseTensor(
  bytes: Uint8Array,
  files: ExternalData,
  expect: (elements: number) => void,
): { name: string; tensor: OnnxTensor } {
  const shape: number[] = [];
  const numbers: number[] = [];
  let name = '';
  let type = 0;
  let raw: Uint8Array | null = null;
  const entries: Uint8Array[] = [];
  let external = false;
  for (const field of parseFields(bytes)) {
    if (field.number === 1) for (const size of readIntegers(field)) shape.push(size);
    else if (field.number === 2) type = asInteger(field);
    else if (field.number === 4) for (const value of readFloats(field)) numbers.push(value);
    else if (field.number === 5 || field.number === 7 || field.number === 11)
      for (const value of readIntegers(field)) numbers.push(value);
    else if (field.number === 8) name = asText(field);
    else if (field.number === 9) raw = asBytes(field);
    else if (field.number === 10 && typeof field.value !== 'bigint')
      for (const value of readFloat64(field.value.subarray(0, field.value.length & ~7))) numbers.push(value);
    else if (field.number === 13) entries.push(asBytes(field));
    else if (field.number === 14) external = asInteger(field) === 1;
  }
  const where = `the tensor ${quote(name)}`;
  const stored = types[type];
  if (!stored) return invalidWeights(`${where} has the unsupported data type ${type}`);
  const count = countElements(shape, where);
  expect(count);
  const number = numberTypes[stored];
  const size = number.bytes;
  const kind = findKind(type)!;
  if (external) raw = getExternalBytes(entries, files, count * size, where);
  if (raw) {
    if (raw.length !== count * size)
      invalidWeights(`${where}: [${shape.join(', ')}] takes ${count * size} bytes, it has ${raw.length}`);
    const exact = stored === 'float64' ? readFloat64(raw) : number.exact?.(raw);
    return { name, tensor: { shape, values: number.read(raw), kind, ...(exact && { whole: exact }) } };
  }
  if (numbers.length !== count)
    invalidWeights(`${where}: [${shape.join(', ')}] takes ${count} numbers, it has ${numbers.length}`);
  if (stored === 'float16' || stored === 'bfloat16') {
    const bits = Uint16Array.from(numbers);
    return { name, tensor: { shape, values: number.read(new Uint8Array(bits.buffer)), kind } };
  }
  const exact = kind === 'float' ? {} : { whole: Float64Array.from(numbers) };
  return { name, tensor: { shape, values: Float32Array.from(numbers), kind, ...exact } };
}
