import { countElements, toFileArray, type FileArray } from '../arrays.ts';
import { numberTypes, type NumberType } from '../number-types.ts';
import { invalidWeights, quote } from '../format-errors.ts';

// npy (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a magic string, a version,
// the length of a header, and the header, a Python dictionary: {'descr': '<f4', 'fortran_order': False,
// 'shape': (3, 4), }; then the numbers.

const npyMagic = '\u0093NUMPY';

const types: Readonly<Record<string, NumberType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

/** Reads an npy file. @param where its name in errors @throws UnrollError invalid_weights */
export function readNpy(bytes: Uint8Array, where: string): FileArray {
  const invalid = (what: string): never => invalidWeights(`${where}: ${what}`);
  const text = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes.length < 12 || text(0, 6) !== npyMagic) invalid('is not an npy file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(6);
  if (version < 1 || version > 3) invalid(`npy version ${version}, must be 1 to 3`);
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > 65_536 || start + length > bytes.length)
    invalid(`a header of ${length} bytes in a file of ${bytes.length}`);
  const header = text(start, start + length);
  const field = (pattern: RegExp, name: string): string =>
    pattern.exec(header)?.[1] ?? invalid(`its header has no valid ${name}: ${quote(header.trim())}`);

  const descr = field(/'descr'\s*:\s*'([^']*)'/, 'descr');
  const type = /^[<|=]/.test(descr) ? types[descr.slice(1)] : undefined;
  if (!type)
    return invalid(`numbers of ${quote(descr)}, must be little-endian ${Object.keys(types).join(', ')}`);
  const fortran = field(/'fortran_order'\s*:\s*(True|False)/, 'fortran_order') === 'True';
  const sizes = field(/'shape'\s*:\s*\(([\d\s,]*)\)/, 'shape');
  const shape = sizes.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)]));
  const count = countElements(shape, where);
  const first = start + length;
  const expected = count * numberTypes[type].bytes;
  if (bytes.length - first !== expected)
    invalid(`[${shape.join(', ')}] of ${type} takes ${expected} bytes, it has ${bytes.length - first}`);
  const array = toFileArray(shape, type, bytes.subarray(first));
  return fortran ? { ...array, values: toRowMajor(array.values, shape) } : array;
}

/** Converts Fortran order (first index fastest) to C order (last index fastest). */
function toRowMajor(values: Float32Array, shape: readonly number[]): Float32Array {
  const reordered = new Float32Array(values.length);
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1));
  for (let i = 0; i < values.length; i++) {
    reordered[i] = values[index.reduce((at, place, axis) => at + place * strides[axis]!, 0)]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return reordered;
}
