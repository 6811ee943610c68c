import { UnrollError } from '../errors.ts';
import { numberDatatypes, type Datatype } from './datatypes.ts';

/** A tensor of a request or a reply; texts are BYTES. Row-major. */
export interface WireTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly values: readonly number[] | readonly string[];
}

/** Numbers in one tensor of a request. */
const mostElements = 16 * 1024 * 1024;
const mostDimensions = 8;

/** @throws UnrollError invalid_request for what is no shape, or one too large */
function elementsOf(shape: readonly number[], field: string): number {
  if (shape.length > mostDimensions)
    wrong(`${field}.shape`, `at most ${mostDimensions} dimensions, was ${shape.length}`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) wrong(`${field}.shape`, `a dimension of ${size}`);
    // an axis of none makes no other small: whoever counts rows would count them all
    count *= Math.max(1, size);
  }
  if (!(count <= mostElements))
    wrong(`${field}.shape`, `at most ${mostElements} elements, was [${shape.join(', ')}]`);
  return shape.includes(0) ? 0 : count;
}

/** The values of JSON data, flat or nested as the shape is. @throws UnrollError invalid_request */
export function valuesOfJson(
  data: unknown,
  { datatype, shape }: { datatype: Datatype; shape: readonly number[] },
  field: string,
): number[] | string[] {
  const count = elementsOf(shape, field);
  if (!Array.isArray(data)) return wrong(`${field}.data`, 'must be a list');
  const flat = data.some((one) => Array.isArray(one))
    ? unnested(data, shape, `${field}.data`)
    : (data as unknown[]);
  if (flat.length !== count)
    wrong(`${field}.data`, `[${shape.join(', ')}] takes ${count} elements, was given ${flat.length}`);
  if (datatype === 'BYTES')
    return flat.map((one, i) =>
      typeof one === 'string' ? one : wrong(`${field}.data[${i}]`, 'must be a text'),
    );
  return flat.map((one, i) => {
    const value = typeof one === 'boolean' && datatype === 'BOOL' ? Number(one) : one;
    if (typeof value !== 'number') return wrong(`${field}.data[${i}]`, `must be a number, was ${typeof one}`);
    return checked(value, datatype, `${field}.data[${i}]`);
  });
}

/** @throws UnrollError invalid_request where the nesting is not the shape's */
function unnested(data: readonly unknown[], shape: readonly number[], field: string): unknown[] {
  const flat: unknown[] = [];
  const walk = (list: readonly unknown[], axis: number, at: string): void => {
    if (list.length !== shape[axis])
      wrong(
        at,
        `the shape [${shape.join(', ')}] has ${shape[axis] ?? 'no'} elements here, was given ${list.length}`,
      );
    list.forEach((one, i) => {
      if (axis === shape.length - 1) flat.push(one);
      else if (Array.isArray(one)) walk(one, axis + 1, `${at}[${i}]`);
      else wrong(`${at}[${i}]`, 'must be a list');
    });
  };
  walk(data, 0, field);
  return flat;
}

/** Raw numbers; of BYTES each element after its length, 4 bytes. @throws UnrollError invalid_request */
export function valuesOfBytes(
  bytes: Uint8Array,
  { datatype, shape }: { datatype: Datatype; shape: readonly number[] },
  field: string,
): number[] | string[] {
  const count = elementsOf(shape, field);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (datatype !== 'BYTES') {
    const { bytes: size, read } = numberDatatypes[datatype];
    if (bytes.length !== count * size)
      wrong(
        field,
        `[${shape.join(', ')}] of ${datatype} takes ${count * size} bytes, was given ${bytes.length}`,
      );
    return Array.from({ length: count }, (_, i) => checked(read(view, i * size), datatype, `${field}[${i}]`));
  }
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const texts: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const length = at + 4 <= bytes.length ? view.getUint32(at, true) : -1;
    if (length < 0 || at + 4 + length > bytes.length)
      return wrong(`${field}[${i}]`, 'its bytes end too soon');
    try {
      texts.push(utf8.decode(bytes.subarray(at + 4, at + 4 + length)));
    } catch {
      return wrong(`${field}[${i}]`, 'is not UTF-8');
    }
    at += 4 + length;
  }
  if (at !== bytes.length) wrong(field, `${bytes.length - at} bytes belong to no element`);
  return texts;
}

function checked(value: number, datatype: Exclude<Datatype, 'BYTES'>, field: string): number {
  const { range } = numberDatatypes[datatype];
  if (range === null) return value;
  if (!Number.isSafeInteger(value) || value < range[0] || value > range[1])
    wrong(field, `must be ${datatype}, was ${value}`);
  return value;
}

/** @returns the element's bytes, as the binary extension has them */
export function bytesOf({ datatype, values }: WireTensor): Uint8Array {
  if (datatype === 'BYTES') {
    const texts = (values as readonly string[]).map((text) => Buffer.from(text));
    return Buffer.concat(
      texts.flatMap((text) => {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(text.length);
        return [length, text];
      }),
    );
  }
  const { bytes: size, write } = numberDatatypes[datatype];
  const view = new DataView(new ArrayBuffer(values.length * size));
  (values as readonly number[]).forEach((value, i) => write(view, i * size, value));
  return new Uint8Array(view.buffer);
}

export function wrong(field: string, what: string): never {
  throw new UnrollError('invalid_request', `${field}: ${what}`, { field });
}
