import type { Tensor } from '../../network/weights.ts';
import { collectArrays, countOf, refuseFile, shown, type Arrays } from '../arrays.ts';
import { numberTypes, type NumberType } from '../number-types.ts';

// HDF5 by the HDF Group's own library in WebAssembly (h5wasm), which sees the file in a memory of its own and no disk.

const limits = {
  depth: 16,
  groups: 20_000,
  attributeBytes: 16 * 1024 * 1024,
} as const;

export interface Hdf5 {
  /** Datasets by their path from the root, without a leading slash. */
  readonly arrays: Arrays;
  /** Attributes that are a text or a list of texts, by the path of their group (`''` is the root) and name. */
  readonly attributes: ReadonlyMap<string, ReadonlyMap<string, string | readonly string[]>>;
}

type Library = typeof import('h5wasm').default;
let library: Promise<{ h5: Library; module: Awaited<Library['ready']> }> | null = null;
/** The library is four megabytes: it is loaded when the first such file comes. */
const load = (): NonNullable<typeof library> =>
  (library ??= import('h5wasm').then(async ({ default: h5 }) => ({ h5, module: await h5.ready })));

let count = 0;

/** @throws UnrollError invalid_weights */
export async function readHdf5(bytes: Uint8Array): Promise<Hdf5> {
  const { h5, module } = await load();
  const path = `unroll-${++count}.h5`;
  module.FS.writeFile(path, bytes);
  try {
    // what the library can't take it tells by messages and by throwing
    module.activate_throwing_error_handler();
    const file = new h5.File(path, 'r');
    try {
      return readGroups(h5, file);
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'UnrollError') throw error;
    return refuseFile('the HDF5 file cannot be read', error);
  } finally {
    module.FS.unlink(path);
  }
}

function readGroups(h5: Library, root: InstanceType<Library['Group']>): Hdf5 {
  const found = collectArrays();
  const attributes = new Map<string, Map<string, string | readonly string[]>>();
  let groups = 0;
  const walk = (group: InstanceType<Library['Group']>, path: readonly string[]): void => {
    if (path.length > limits.depth) refuseFile(`groups are nested more than ${limits.depth} deep`);
    if (++groups > limits.groups) refuseFile(`more than ${limits.groups} groups`);
    const texts = new Map<string, string | readonly string[]>();
    for (const [name, attribute] of Object.entries(group.attrs)) {
      if (
        attribute.shape &&
        attribute.shape.reduce((product, size) => product * size, 1) > limits.attributeBytes
      )
        continue;
      const { value } = attribute;
      if (typeof value === 'string') texts.set(name, value);
      else if (Array.isArray(value) && value.every((one) => typeof one === 'string')) texts.set(name, value);
    }
    if (texts.size > 0) attributes.set(path.join('/'), texts);
    for (const key of group.keys()) {
      const one = group.get(key);
      if (one instanceof h5.Group) walk(one, [...path, key]);
      else if (one instanceof h5.Dataset) {
        const name = [...path, key].join('/');
        found.add(
          name,
          readDataset(one, name, (elements) => found.expect(elements)),
        );
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
  dataset: InstanceType<Library['Dataset']>,
  name: string,
  expect: (elements: number) => void,
): Tensor {
  const { shape, dtype } = dataset;
  if (!shape) return refuseFile(`${shown(name)} has no shape`);
  const elements = countOf(shape, shown(name));
  const type = typeof dtype === 'string' ? types[dtype] : undefined;
  // names and other texts are no weights
  if (!type) return { shape: [0], values: new Float32Array(0) };
  expect(elements);
  const value = elements === 0 ? [] : dataset.value;
  if (typeof value === 'number' || typeof value === 'bigint')
    return { shape: [], values: Float32Array.of(Number(value)) };
  if (value instanceof Float32Array) return { shape: [...shape], values: Float32Array.from(value) };
  if (ArrayBuffer.isView(value) || Array.isArray(value)) {
    const numbers = Array.from(value as unknown as ArrayLike<number | bigint>, Number);
    if (numbers.length !== elements || numberTypes[type] === undefined)
      refuseFile(`${shown(name)} has ${numbers.length} numbers for [${shape.join(', ')}]`);
    return { shape: [...shape], values: Float32Array.from(numbers) };
  }
  return refuseFile(`${shown(name)} holds no numbers`);
}
