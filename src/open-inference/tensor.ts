import { invalidField } from '../tasks/invalid-field.ts';
import { createTimeSlice, type TimeSlice } from '../time-slice.ts';
import { numberDatatypes, type Datatype } from './datatypes.ts';

/**
 * A tensor of a request or a reply; texts are BYTES. Row-major. FP32 values of a reply are a Float32Array, numbers that came in
 * binary a Float64Array, whatever their type.
 */
export interface WireTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly values: readonly number[] | Float32Array | Float64Array | readonly string[];
}

/** Numbers in one tensor of a request. */
const maxElements = 16 * 1024 * 1024;
const maxDimensions = 8;

/**
 * The number of elements of a shape.
 * @throws UnrollError invalid_request for an invalid shape, or one above the limits
 */
function countElements(shape: readonly number[], field: string): number {
  if (shape.length > maxDimensions)
    invalidField(`${field}.shape`, `at most ${maxDimensions} dimensions, was ${shape.length}`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0)
      invalidField(`${field}.shape`, `a dimension must be a whole number from 0, was ${size}`);
    // an empty axis does not lift the limit on the others: their rows are counted one by one
    count *= Math.max(1, size);
  }
  if (!(count <= maxElements))
    invalidField(`${field}.shape`, `at most ${maxElements} elements, was [${shape.join(', ')}]`);
  return shape.includes(0) ? 0 : count;
}

/** Elements that are read or written between two checks of the time slice. */
const elementsPerChunk = 16_384;

/** Reads the values of JSON data, flat or nested like the shape. @throws UnrollError invalid_request, cancelled */
export async function parseJsonValues(
  data: unknown,
  { datatype, shape }: { datatype: Datatype; shape: readonly number[] },
  field: string,
  slice: TimeSlice = createTimeSlice(),
): Promise<number[] | string[]> {
  const count = countElements(shape, field);
  if (!Array.isArray(data)) return invalidField(`${field}.data`, 'must be a list');
  const flat = data.some((one) => Array.isArray(one))
    ? flatten(data, shape, `${field}.data`)
    : (data as unknown[]);
  if (flat.length !== count)
    invalidField(
      `${field}.data`,
      `must have ${count} elements for [${shape.join(', ')}], was given ${flat.length}`,
    );
  const at = (i: number): string => `${field}.data[${i}]`;
  if (datatype === 'BYTES')
    return flat.map((one, i) => (typeof one === 'string' ? one : invalidField(at(i), 'must be a text')));
  const numbers: number[] = [];
  for (let i = 0; i < count; i++) {
    const one = flat[i];
    const value = typeof one === 'boolean' && datatype === 'BOOL' ? Number(one) : one;
    if (typeof value !== 'number') return invalidField(at(i), `must be a number, was ${typeof one}`);
    if (!isInRange(value, datatype)) invalidField(at(i), `must be ${datatype}, was ${value}`);
    numbers.push(value);
    if (i % elementsPerChunk === 0 && slice.due()) await slice.next();
  }
  return numbers;
}

/** @throws UnrollError invalid_request where the nesting differs from the shape */
function flatten(data: readonly unknown[], shape: readonly number[], field: string): unknown[] {
  const flat: unknown[] = [];
  const path: number[] = [];
  const at = (): string => field + path.map((i) => `[${i}]`).join('');
  const walk = (list: readonly unknown[], axis: number): void => {
    if (list.length !== shape[axis])
      invalidField(
        at(),
        `must have ${shape[axis] ?? 'no'} elements for the shape [${shape.join(', ')}], was given ${list.length}`,
      );
    if (axis === shape.length - 1) {
      for (const one of list) flat.push(one);
      return;
    }
    for (const [i, one] of list.entries()) {
      path.push(i);
      if (!Array.isArray(one)) invalidField(at(), 'must be a list');
      else walk(one, axis + 1);
      path.pop();
    }
  };
  walk(data, 0);
  return flat;
}

/**
 * Reads raw numbers; each element of BYTES follows its length in 4 bytes.
 * @throws UnrollError invalid_request, cancelled
 */
export async function parseBinaryValues(
  bytes: Uint8Array,
  { datatype, shape }: { datatype: Datatype; shape: readonly number[] },
  field: string,
  slice: TimeSlice = createTimeSlice(),
): Promise<Float64Array | string[]> {
  const count = countElements(shape, field);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (datatype !== 'BYTES') {
    const { bytes: size, read } = numberDatatypes[datatype];
    if (bytes.length !== count * size)
      invalidField(
        field,
        `must have ${count * size} bytes for [${shape.join(', ')}] of ${datatype}, was given ${bytes.length}`,
      );
    // its pages are touched slice by slice; an array that grows copies itself at once, 32 MB of four million
    const numbers = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const value = read(view, i * size);
      if (!isInRange(value, datatype)) invalidField(`${field}[${i}]`, `must be ${datatype}, was ${value}`);
      numbers[i] = value;
      if (i % elementsPerChunk === 0 && slice.due()) await slice.next();
    }
    return numbers;
  }
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const texts: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const length = at + 4 <= bytes.length ? view.getUint32(at, true) : -1;
    if (length < 0 || at + 4 + length > bytes.length)
      return invalidField(`${field}[${i}]`, 'ends after the tensor’s bytes');
    try {
      texts.push(utf8.decode(bytes.subarray(at + 4, at + 4 + length)));
    } catch {
      return invalidField(`${field}[${i}]`, 'is not UTF-8');
    }
    at += 4 + length;
    if (slice.due()) await slice.next();
  }
  if (at !== bytes.length) invalidField(field, `${bytes.length - at} bytes follow the last element`);
  return texts;
}

function isInRange(value: number, datatype: Exclude<Datatype, 'BYTES'>): boolean {
  const { range } = numberDatatypes[datatype];
  return range === null || (Number.isSafeInteger(value) && value >= range[0] && value <= range[1]);
}

/** The number of bytes that `binaryChunks` yields. */
export function binaryByteLength({ datatype, values }: WireTensor): number {
  if (datatype !== 'BYTES') return values.length * numberDatatypes[datatype].bytes;
  return (values as readonly string[]).reduce((sum, text) => sum + 4 + Buffer.byteLength(text), 0);
}

/** The elements' bytes in the format of the binary extension, in chunks. */
export function* binaryChunks({ datatype, values }: WireTensor): Generator<Uint8Array> {
  if (datatype === 'BYTES') {
    for (let at = 0; at < values.length; at += textsPerChunk)
      yield Buffer.concat(
        (values as readonly string[]).slice(at, at + textsPerChunk).flatMap((text) => {
          const bytes = Buffer.from(text);
          const length = Buffer.alloc(4);
          length.writeUInt32LE(bytes.length);
          return [length, bytes];
        }),
      );
    return;
  }
  const { bytes: size, write } = numberDatatypes[datatype];
  for (let at = 0; at < values.length; at += elementsPerChunk) {
    const count = Math.min(elementsPerChunk, values.length - at);
    const view = new DataView(new ArrayBuffer(count * size));
    for (let i = 0; i < count; i++) write(view, i * size, values[at + i] as number);
    yield new Uint8Array(view.buffer);
  }
}
const textsPerChunk = 1024;
