import { floatTypes } from './float-types.ts';

/** Number types in files, little-endian. */
export type NumberType =
  | 'float16'
  | 'bfloat16'
  | 'float32'
  | 'float64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool';

interface StoredNumber {
  /** Bytes per number. */
  readonly bytes: number;
  /** Converts to float32; a view of the data when it is float32. Integers above 2²⁴ may be rounded. */
  read(data: Uint8Array): Float32Array<ArrayBuffer>;
  /** Integers without rounding, up to 2⁵³; absent for floats. */
  exact?(data: Uint8Array): Float64Array<ArrayBuffer>;
}

/** Creates the reader of an integer type. @param at reads one number of a view */
const integer = (bytes: number, at: (view: DataView, offset: number) => number): StoredNumber => ({
  bytes,
  read(data) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    return Float32Array.from({ length: data.byteLength / bytes }, (_, i) => at(view, i * bytes));
  },
  exact(data) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    return Float64Array.from({ length: data.byteLength / bytes }, (_, i) => at(view, i * bytes));
  },
});

export const numberTypes: Readonly<Record<NumberType, StoredNumber>> = {
  float16: floatTypes.F16,
  bfloat16: floatTypes.BF16,
  float32: floatTypes.F32,
  float64: floatTypes.F64,
  int8: integer(1, (view, at) => view.getInt8(at)),
  int16: integer(2, (view, at) => view.getInt16(at, true)),
  int32: integer(4, (view, at) => view.getInt32(at, true)),
  int64: integer(8, (view, at) => Number(view.getBigInt64(at, true))),
  uint8: integer(1, (view, at) => view.getUint8(at)),
  uint16: integer(2, (view, at) => view.getUint16(at, true)),
  uint32: integer(4, (view, at) => view.getUint32(at, true)),
  uint64: integer(8, (view, at) => Number(view.getBigUint64(at, true))),
  bool: integer(1, (view, at) => (view.getUint8(at) === 0 ? 0 : 1)),
};
