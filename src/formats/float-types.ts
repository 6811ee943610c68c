// Conversion of stored float types to float32. Files and supported machines are little-endian.

type FloatType = 'F16' | 'BF16' | 'F32' | 'F64';

interface StoredFloat {
  /** Bytes per number. */
  readonly bytes: number;
  /**
   * Converts little-endian data; a view of the data itself when it is float32. Values outside float32's range
   * become ±∞.
   */
  read(data: Uint8Array): Float32Array<ArrayBuffer>;
}

export const floatTypes: Readonly<Record<FloatType, StoredFloat>> = {
  F16: { bytes: 2, read: (data) => Float32Array.from(toView(Float16Array, data)) },
  // bfloat16 is the upper half of a float32
  BF16: {
    bytes: 2,
    read: (data) =>
      new Float32Array(Uint32Array.from(toView(Uint16Array, data), (bits) => bits << 16).buffer),
  },
  F32: { bytes: 4, read: (data) => toView(Float32Array, data) },
  F64: { bytes: 8, read: (data) => Float32Array.from(toView(Float64Array, data)) },
};

/** Little-endian float64 without rounding. */
export const readFloat64 = (data: Uint8Array): Float64Array<ArrayBuffer> => toView(Float64Array, data);

interface ViewConstructor<View> {
  new (buffer: ArrayBuffer, byteOffset: number, length: number): View;
  readonly BYTES_PER_ELEMENT: number;
}

/**
 * Creates a typed array over the data. Unaligned data is copied: a typed array must start at a multiple of
 * its element size.
 */
function toView<View>(type: ViewConstructor<View>, data: Uint8Array): View {
  const size = type.BYTES_PER_ELEMENT;
  const aligned =
    data.byteOffset % size === 0 && data.buffer instanceof ArrayBuffer ? data : Uint8Array.from(data);
  return new type(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / size);
}
