import { parentPort } from 'node:worker_threads';
import h5 from 'h5wasm';
import type { Tensor } from '../../network/weights.ts';
import { createArrayCollector, countElements } from '../arrays.ts';
import { numberTypes, type NumberType } from '../number-types.ts';
import type { Hdf5ThreadReply, Hdf5 } from './hdf5-reader.ts';
import { invalidWeights, quote } from '../format-errors.ts';

// Reads HDF5 files in a thread of their own, one after another (hdf5-reader.ts says why).

const limits = {
  depth: 16,
  groups: 20_000,
  attributeBytes: 16 * 1024 * 1024,
  /** Of all numbers to the file: deflate packs 1032 to 1 at the most, and a fill value stands for any number of them. */
  ratio: 200,
  /** Below this there may be as many as the file says. */
  smallBytes: 16 * 1024 * 1024,
} as const;

const name = 'file.h5';

function readGroups(root: InstanceType<typeof h5.Group>, fileBytes: number): Hdf5 {
  const found = createArrayCollector();
  const attributes = new Map<string, Map<string, string | readonly string[]>>();
  let groups = 0;
  let numberBytes = 0;
  const expect = (elements: number, size: number): void => {
    found.reserve(elements);
    numberBytes += elements * size;
    if (numberBytes > limits.smallBytes && numberBytes > fileBytes * limits.ratio)
      invalidWeights(
        `its datasets say they have ${numberBytes} bytes, the file ${fileBytes}: the limit is ${limits.ratio} to 1`,
      );
  };
  const walk = (group: InstanceType<typeof h5.Group>, path: readonly string[]): void => {
    if (path.length > limits.depth) invalidWeights(`groups are nested more than ${limits.depth} deep`);
    if (++groups > limits.groups) invalidWeights(`more than ${limits.groups} groups`);
    const texts = new Map<string, string | readonly string[]>();
    for (const [name, attribute] of Object.entries(group.attrs)) {
      const elements = (attribute.shape ?? []).reduce((product, size) => product * size, 1);
      if (!(elements * attribute.metadata.size <= limits.attributeBytes)) continue;
      const { value } = attribute;
      if (typeof value === 'string') texts.set(name, value);
      else if (Array.isArray(value) && value.every((one) => typeof one === 'string')) texts.set(name, value);
    }
    if (texts.size > 0) attributes.set(path.join('/'), texts);
    for (const key of group.keys()) {
      const one = group.get(key);
      if (one instanceof h5.Group) walk(one, [...path, key]);
      else if (one instanceof h5.Dataset) {
        const place = [...path, key].join('/');
        found.add(place, readDataset(one, place, expect));
      }
    }
  };
  walk(root, []);
  return { arrays: found.arrays, attributes };
}

/** h5wasm's letters: f float, i int, size in bytes. */
const types: Readonly<Record<string, NumberType>> = {
  '<e': 'float16',
  '<f': 'float32',
  '<d': 'float64',
  '<b': 'int8',
  '<h': 'int16',
  '<i': 'int32',
  '<q': 'int64',
  '<B': 'uint8',
  '<H': 'uint16',
  '<I': 'uint32',
  '<Q': 'uint64',
};

function readDataset(
  dataset: InstanceType<typeof h5.Dataset>,
  name: string,
  expect: (elements: number, size: number) => void,
): Tensor {
  const { shape, dtype } = dataset;
  if (!shape) return invalidWeights(`${quote(name)} has no shape`);
  const elements = countElements(shape, quote(name));
  const type = typeof dtype === 'string' ? types[dtype] : undefined;
  // names and other texts are no weights
  if (!type) return { shape: [0], values: new Float32Array(0) };
  expect(elements, numberTypes[type].bytes);
  const value = elements === 0 ? [] : dataset.value;
  if (typeof value === 'number' || typeof value === 'bigint')
    return { shape: [], values: Float32Array.of(Number(value)) };
  if (value instanceof Float32Array) return { shape: [...shape], values: Float32Array.from(value) };
  if (ArrayBuffer.isView(value) || Array.isArray(value)) {
    const numbers = Array.from(value as unknown as ArrayLike<number | bigint>, Number);
    if (numbers.length !== elements || numberTypes[type] === undefined)
      invalidWeights(`${quote(name)} has ${numbers.length} numbers for [${shape.join(', ')}]`);
    return { shape: [...shape], values: Float32Array.from(numbers) };
  }
  return invalidWeights(`${quote(name)} holds no numbers`);
}

// what the library has to say of a damaged file is for nobody's terminal; a stream that the reader emptied would hold its process
process.stdout.write = () => true;
process.stderr.write = () => true;
const module = await h5.ready;
// what the library can't take it throws
module.activate_throwing_error_handler();

function read(bytes: Uint8Array): Hdf5ThreadReply {
  let file: InstanceType<typeof h5.File> | null = null;
  try {
    module.FS.writeFile(name, bytes);
    file = new h5.File(name, 'r');
    return { file: readGroups(file, bytes.length) };
  } catch (error) {
    if (error instanceof Error && error.name === 'UnrollError')
      return { refused: error.message, broken: false };
    // a trap leaves the library's memory in any state
    return {
      refused: 'the HDF5 file cannot be read',
      broken: error instanceof Error && error.name === 'RuntimeError',
    };
  } finally {
    forget(file);
  }
}

/** What a damaged file has left open cannot be closed: the thread is replaced now and then. */
function forget(file: InstanceType<typeof h5.File> | null): void {
  try {
    file?.close();
  } catch {
    // the next file is another one to the library, by the same name
  }
  if (module.FS.analyzePath(name, false).exists) module.FS.unlink(name);
}

parentPort!.on('message', (bytes: Uint8Array) => parentPort!.postMessage(read(bytes)));
