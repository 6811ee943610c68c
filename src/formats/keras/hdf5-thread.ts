import { parentPort } from 'node:worker_threads';
import h5 from 'h5wasm';
import type { Tensor } from '../../network/weights.ts';
import { createArrayCollector, countElements, type FileArray } from '../arrays.ts';
import { numberTypes, type NumberType } from '../number-types.ts';
import type { Hdf5ThreadReply, Hdf5 } from './hdf5-reader.ts';
import { invalidWeights, quote } from '../format-errors.ts';

// Entry point of the HDF5 thread (see hdf5-reader.ts): reads one file at a time.

const limits = {
  depth: 16,
  groups: 20_000,
  attributeBytes: 16 * 1024 * 1024,
  /** Size of all datasets to that of the file: deflate reaches 1032 to 1, and a fill value has no limit. */
  ratio: 200,
  /** Size of all datasets up to which the ratio is not checked. */
  smallBytes: 16 * 1024 * 1024,
} as const;

const name = 'file.h5';

function readGroups(root: InstanceType<typeof h5.Group>, fileBytes: number): Hdf5 {
  const found = createArrayCollector<FileArray>();
  const attributes = new Map<string, Map<string, string | readonly string[]>>();
  let groups = 0;
  let numberBytes = 0;
  const expect = (elements: number, size: number): void => {
    found.reserve(elements);
    numberBytes += elements * size;
    if (numberBytes > limits.smallBytes && numberBytes > fileBytes * limits.ratio)
      invalidWeights(
        `its datasets have ${numberBytes} bytes, the file ${fileBytes}: the limit is ${limits.ratio} to 1`,
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
        found.add(place, {
          ...readDataset(one, place, expect),
          ...(one.dtype === '<d' && { rounded: true as const }),
        });
      }
    }
  };
  walk(root, []);
  return { arrays: found.arrays, attributes };
}

/** h5wasm's type codes. */
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
  // strings are not weights
  if (!type) return { shape: [0], values: new Float32Array(0) };
  expect(elements, numberTypes[type].bytes);
  if (type === 'float16' && elements > 0)
    return { shape: [...shape], values: numberTypes[type].read(readBytes(dataset, 2 * elements)) };
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
  return invalidWeights(`${quote(name)} has no numbers`);
}

/** The bytes of a dataset of float16: the library's own conversion refuses them. */
function readBytes({ file_id, path, metadata }: InstanceType<typeof h5.Dataset>, count: number): Uint8Array {
  if (metadata.size * metadata.total_size !== count)
    invalidWeights(`${quote(path)} has another size than its shape`);
  const address = module['_malloc'](count);
  try {
    module.get_dataset_data(file_id, path, null, null, null, BigInt(address));
    return module.HEAPU8.slice(address, address + count);
  } finally {
    module['_free'](address);
  }
}

// discard the library's output about damaged files; a stream read by the main thread would keep the process
// alive
process.stdout.write = () => true;
process.stderr.write = () => true;
const module = await h5.ready;
// make library errors exceptions
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
    // after a trap the library's memory is undefined
    return {
      refused: 'the HDF5 file cannot be read',
      broken: error instanceof Error && error.name === 'RuntimeError',
    };
  } finally {
    removeFile(file);
  }
}

/**
 * Closes and deletes the file. Objects of a damaged file may stay open, so the thread is replaced after a
 * number of files.
 */
function removeFile(file: InstanceType<typeof h5.File> | null): void {
  try {
    file?.close();
  } catch {
    // the next file is opened anew under the same name
  }
  if (module.FS.analyzePath(name, false).exists) module.FS.unlink(name);
}

parentPort!.on('message', (bytes: Uint8Array) => parentPort!.postMessage(read(bytes)));
