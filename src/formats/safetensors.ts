import type { Weights } from '../network/weights.ts';
import { toFileArray, unreadableArray, type Arrays, type FileArray } from './arrays.ts';
import { findDuplicateKey } from './duplicate-key.ts';
import { parseJson } from './parse-json.ts';
import { numberTypes, type NumberType } from './number-types.ts';
import { invalidWeights, quote } from './format-errors.ts';

// safetensors (https://github.com/huggingface/safetensors#format): a u64 with the length of a JSON header;
// the header, { name: { dtype, shape, data_offsets: [begin, end] } }; the data, without gaps.

/** Limits on a file, checked before anything is allocated for it. */
export const safetensorsLimits = {
  /** The parsed header needs many times this in memory. */
  headerBytes: 4 * 1024 * 1024,
  tensors: 4096,
  nameLength: 256,
  dimensions: 8,
  /** Elements in one tensor: 2 GiB as float32. */
  elements: 2 ** 29,
} as const;

interface Entry {
  readonly name: string;
  /** Null: none that is read. */
  readonly type: NumberType | null;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes from the start of the data. */
  readonly begin: number;
  readonly end: number;
}

const types: ReadonlyMap<unknown, NumberType> = new Map([
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['F32', 'float32'],
  ['F64', 'float64'],
  ['I8', 'int8'],
  ['I16', 'int16'],
  ['I32', 'int32'],
  ['I64', 'int64'],
  ['U8', 'uint8'],
  ['U16', 'uint16'],
  ['U32', 'uint32'],
  ['U64', 'uint64'],
  ['BOOL', 'bool'],
]);

const lengthBytes = 8;
const metadataKey = '__metadata__';

/**
 * Reads the tensors of a safetensors file as float32; other types are converted. Tensors may be views
 * of `bytes`, which must then not change. A tensor of a type that is not read is refused when it is used.
 * @throws UnrollError invalid_weights with the tensor and what is wrong with it
 */
export function readSafetensors(bytes: Uint8Array): Arrays {
  if (bytes.length < lengthBytes) invalidWeights(`${bytes.length} bytes cannot hold the length of a header`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > safetensorsLimits.headerBytes)
    invalidWeights(`the header has ${length} bytes, the limit is ${safetensorsLimits.headerBytes}`);
  const dataStart = lengthBytes + Number(length);
  if (dataStart > bytes.length)
    invalidWeights(`the header has ${length} bytes, the whole file ${bytes.length}`);
  const data = bytes.subarray(dataStart);

  const header = parseHeader(bytes.subarray(lengthBytes, dataStart));
  const entries = readEntries(header, data.length);
  checkCoverage(entries, data.length);
  return new Map(
    entries.map(({ name, type, dtype, shape, begin, end }): [string, FileArray] => [
      name,
      type === null
        ? unreadableArray(shape, unreadType(name, dtype))
        : toFileArray(shape, type, data.subarray(begin, end)),
    ]),
  );
}

/** Reads the metadata of a file that `readSafetensors` has read: texts by name. */
export function readSafetensorsMetadata(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const { value } = parseJson(bytes.subarray(lengthBytes, lengthBytes + length), 'the header');
  const metadata = isObject(value) ? value[metadataKey] : undefined;
  return isObject(metadata) ? metadata : {};
}

/** Writes tensors as F32 in the order given. The same weights and metadata give the same bytes. */
export function writeSafetensors(
  weights: Weights,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  let end = 0;
  const entries = [...weights].map(([name, { shape, values }]) => {
    const begin = end;
    end += values.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }] as const;
  });
  const named = Object.keys(metadata).length > 0 ? [[metadataKey, metadata] as const, ...entries] : entries;
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(named)));
  // pad the header with spaces, so that the data starts at a multiple of 8
  const dataStart = lengthBytes + Math.ceil(header.length / 8) * 8;

  const bytes = new Uint8Array(dataStart + end).fill(0x20, lengthBytes, dataStart);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(dataStart - lengthBytes), true);
  bytes.set(header, lengthBytes);
  let at = dataStart;
  for (const { values } of weights.values()) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}

function parseHeader(bytes: Uint8Array): [name: string, entry: unknown][] {
  const { value: header, text } = parseJson(bytes, 'the header');
  if (!isObject(header)) return invalidWeights('the header is not a JSON object');
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) invalidWeights(`the header names ${quote(duplicate)} twice`);
  return Object.entries(header).filter(([name]) => name !== metadataKey);
}

function readEntries(header: [name: string, entry: unknown][], dataBytes: number): Entry[] {
  const limits = safetensorsLimits;
  if (header.length > limits.tensors)
    invalidWeights(`${header.length} tensors, the limit is ${limits.tensors}`);
  return header.map(([name, entry]) => {
    if (name.length > limits.nameLength)
      invalidWeights(
        `the name ${quote(name)} has ${name.length} characters, the limit is ${limits.nameLength}`,
      );
    const invalid = (what: string): never => invalidWeights(`tensor ${quote(name)}: ${what}`);
    if (!isObject(entry)) return invalid('its entry is not an object');
    const { dtype, shape, data_offsets: offsets } = entry;
    if (typeof dtype !== 'string') return invalid(`its dtype is ${quote(dtype)}`);
    const type = types.get(dtype) ?? null;
    if (!isCounts(shape)) return invalid('its shape is not a list of whole numbers');
    if (!isCounts(offsets) || offsets.length !== 2)
      return invalid('its data_offsets are not two whole numbers');
    if (shape.length > limits.dimensions)
      invalid(`${shape.length} dimensions, the limit is ${limits.dimensions}`);

    // the product of very large sizes may be rounded or ∞, but never small
    const elements = shape.reduce((product, size) => product * size, 1);
    if (!shape.includes(0) && elements > limits.elements)
      invalid(`a shape of [${shape.join(', ')}] has more than ${limits.elements} elements`);
    const [begin, end] = offsets as [number, number];
    if (begin > end || end > dataBytes) invalid(`bytes ${begin} to ${end} of ${dataBytes} bytes of data`);
    const expected = type === null ? end - begin : elements * numberTypes[type].bytes;
    if (end - begin !== expected)
      invalid(
        `[${shape.join(', ')}] of ${dtype} takes ${expected} bytes, its data_offsets give ${end - begin}`,
      );
    return { name, type, dtype, shape, begin, end };
  });
}

/** Checks that the tensors cover the data exactly, which also limits their total size to that of the file. */
function checkCoverage(entries: readonly Entry[], dataBytes: number): void {
  let covered = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered)
      invalidWeights(`tensor ${quote(name)} overlaps another: it begins at ${begin}, before ${covered}`);
    if (begin > covered) invalidWeights(`bytes ${covered} to ${begin} of the data belong to no tensor`);
    covered = end;
  }
  if (covered < dataBytes) invalidWeights(`bytes ${covered} to ${dataBytes} of the data belong to no tensor`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
const unreadType = (name: string, dtype: string): string =>
  `tensor ${quote(name)}: its dtype is ${quote(dtype)}, must be one of ${[...types.keys()].join(', ')}`;
