import { invalidWeights } from '../format-errors.ts';

// The wire format of protocol buffers (https://protobuf.dev/programming-guides/encoding): fields by number,
// four kinds of values. The meaning of a field is up to the caller.

export interface Field {
  readonly number: number;
  /**
   * A bigint for varints and fixed 32- and 64-bit values; the bytes of a message, a string or a packed list.
   */
  readonly value: bigint | Uint8Array;
}

const maxFields = 2_000_000;

/** Parses the fields of one message, in order. @throws UnrollError invalid_weights */
export function* parseFields(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= bytes.length) return invalidWeights('the ONNX file ends inside a number');
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    return invalidWeights('the ONNX file has a number of more than 64 bits');
  };
  const take = (length: number): number => {
    if (!(length <= bytes.length - at))
      invalidWeights(`the ONNX file ends inside a field of ${length} bytes`);
    at += length;
    return at - length;
  };
  for (let count = 0; at < bytes.length; count++) {
    if (count > maxFields) invalidWeights(`a message of more than ${maxFields} fields`);
    const key = varint();
    const number = Number(key >> 3n);
    switch (Number(key & 7n)) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        yield { number, value: view.getBigUint64(take(8), true) };
        break;
      case 2: {
        const length = Number(varint());
        const from = take(length);
        yield { number, value: bytes.subarray(from, from + length) };
        break;
      }
      case 5:
        yield { number, value: BigInt(view.getUint32(take(4), true)) };
        break;
      default:
        invalidWeights(`field ${number} of the ONNX file has an unknown wire type`);
    }
  }
}

/** @throws UnrollError invalid_weights for a number */
export const asBytes = ({ value }: Field): Uint8Array =>
  typeof value === 'bigint' ? invalidWeights('the ONNX file has a number instead of a message') : value;
/** As UTF-8. @throws UnrollError invalid_weights for a number */
export const asText = (field: Field): string => new TextDecoder().decode(asBytes(field));
/** As a signed 64-bit integer. */
export const asInteger = ({ value }: Field): number =>
  typeof value === 'bigint'
    ? Number(BigInt.asIntN(64, value))
    : invalidWeights('the ONNX file has bytes instead of a number');
const scratch = new DataView(new ArrayBuffer(4));
export const asFloat = ({ value }: Field): number => {
  if (typeof value !== 'bigint') return invalidWeights('the ONNX file has bytes instead of a number');
  scratch.setUint32(0, Number(BigInt.asUintN(32, value)));
  return scratch.getFloat32(0);
};

/** Reads a repeated integer field: packed into bytes, or one number per field. */
export function readIntegers(field: Field): number[] {
  if (typeof field.value === 'bigint') return [asInteger(field)];
  const numbers: number[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of field.value) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte < 0x80) {
      numbers.push(Number(BigInt.asIntN(64, value)));
      [value, shift] = [0n, 0n];
    } else if (shift > 63n) invalidWeights('the ONNX file has a number of more than 64 bits');
  }
  return numbers;
}
/** Reads a repeated float field: packed into bytes, or one number per field. */
export function readFloats(field: Field): Float32Array {
  if (typeof field.value === 'bigint') return Float32Array.of(asFloat(field));
  const bytes = Uint8Array.from(field.value.subarray(0, field.value.length - (field.value.length % 4)));
  return new Float32Array(bytes.buffer);
}
