// Stored float formats as float32. Files and the machines we run on are little-endian.

export type FloatType = 'F16' | 'BF16' | 'F32' | 'F64';

interface Widening {
  readonly bytes: number;
  /** Little-endian data → float32: a view of the data itself where it can be one. Past float32's range → ±∞. */
  read(data: Uint8Array): Float32Array<ArrayBuffer>;
}

export const floatTypes: Readonly<Record<FloatType, Widening>> = {
  F16: { bytes: 2, read: (data) => Float32Array.from(viewOf(Float16Array, data)) },
  // the upper half of a float32
  BF16: {
    bytes: 2,
    read: (data) =>
      new Float32Array(Uint32Array.from(viewOf(Uint16Array, data), (bits) => bits << 16).buffer),
  },
  F32: { bytes: 4, read: (data) => viewOf(Float32Array, data) },
  F64: { bytes: 8, read: (data) => Float32Array.from(viewOf(Float64Array, data)) },
};

interface ViewConstructor<View> {
  new (buffer: ArrayBuffer, byteOffset: number, length: number): View;
  readonly BYTES_PER_ELEMENT: number;
}

/** Typed arrays must start at a multiple of their element's size; data that does not is copied. */
function viewOf<View>(type: ViewConstructor<View>, data: Uint8Array): View {
  const size = type.BYTES_PER_ELEMENT;
  const placed =
    data.byteOffset % size === 0 && data.buffer instanceof ArrayBuffer ? data : Uint8Array.from(data);
  return new type(placed.buffer as ArrayBuffer, placed.byteOffset, placed.byteLength / size);
}
