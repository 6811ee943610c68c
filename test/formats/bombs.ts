import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { strToU8, unzipSync, zipSync } from 'fflate';
import h5 from 'h5wasm';

// Files that declare or expand to far more than their size, and cyclic files.

const megabyte = 1024 * 1024;
const golden = (name: string): Uint8Array => readFileSync(join(import.meta.dirname, '../golden', name));

// zip

/** Changes the unpacked sizes in the directory and the headers of a zip. */
function claiming(zip: Uint8Array, unpacked: number): Uint8Array {
  const bytes = Uint8Array.from(zip);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 4 <= bytes.length; at++) {
    const signature = view.getUint32(at, true);
    if (signature === 0x04034b50) view.setUint32(at + 22, unpacked, true);
    if (signature === 0x02014b50) view.setUint32(at + 24, unpacked, true);
  }
  return bytes;
}

/** A zip of one entry whose directory lists it `count` times: name0000, name0001 … */
function manyNames(name: string, content: Uint8Array, count: number): Uint8Array {
  const numbered = (i: number): string => name.replace('0000', String(i).padStart(4, '0'));
  const zip = Buffer.from(zipSync({ [numbered(0)]: content }, { level: 9 }));
  const end = zip.length - 22;
  const from = zip.readUInt32LE(end + 16);
  const record = zip.subarray(from, end);
  const records = Array.from({ length: count }, (_, i) => {
    const one = Buffer.from(record);
    one.write(numbered(i), 46);
    return one;
  });
  const tail = Buffer.from(zip.subarray(end));
  tail.writeUInt16LE(count, 8);
  tail.writeUInt16LE(count, 10);
  tail.writeUInt32LE(record.length * count, 12);
  return Buffer.concat([zip.subarray(0, from), ...records, tail]);
}

function npy(shape: string, data: Uint8Array): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117) + '\n';
  return Buffer.concat([
    Uint8Array.of(0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0),
    Buffer.from(header),
    data,
  ]);
}

// Keras

const parts = unzipSync(golden('keras-files/tagger.keras'));
/** tagger.keras with another config.json. */
const withConfig = (change: (config: string) => string): Uint8Array =>
  zipSync({
    ...parts,
    'config.json': strToU8(change(Buffer.from(parts['config.json']!).toString())),
  });

interface Node {
  name: string;
  inbound_nodes: unknown[];
}
/** two-branches.keras in which a layer reads the layer `by` places after it. */
function circular(by: number): Uint8Array {
  const files = unzipSync(golden('keras-files/two-branches.keras'));
  const json = JSON.parse(Buffer.from(files['config.json']!).toString()) as { config: { layers: Node[] } };
  const { layers } = json.config;
  const from = layers.findIndex((layer) => layer.inbound_nodes.length > 0);
  const text = JSON.stringify(layers[from]!.inbound_nodes);
  layers[from]!.inbound_nodes = JSON.parse(
    text.replace(/("keras_history":\[)"[^"]*"/, `$1${JSON.stringify(layers[from + by]!.name)}`),
  ) as unknown[];
  return zipSync({ ...files, 'config.json': strToU8(JSON.stringify(json)) });
}

// HDF5

/** Writes a file with h5wasm in memory. */
async function hdf5(fill: (file: InstanceType<typeof h5.File>) => unknown): Promise<Uint8Array> {
  const { FS } = await h5.ready;
  const file = new h5.File('bomb.h5', 'w');
  fill(file);
  file.close();
  const bytes = FS.readFile('bomb.h5', { encoding: 'binary' });
  FS.unlink('bomb.h5');
  return Uint8Array.from(bytes);
}
/** A dataset with one written chunk and a far larger declared shape. */
const sparse = (numbers: number): Promise<Uint8Array> =>
  hdf5((file) => {
    const data = new Float32Array(1024);
    const name = 'w';
    file.create_dataset({ name, data, shape: [1024], dtype: '<f', maxshape: [null], chunks: [1024] });
    (file.get(name) as InstanceType<typeof h5.Dataset>).resize([numbers]);
  });

// protocol buffers

const varint = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))];
const message = (field: number, content: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.from([...varint(field * 8 + 2), ...varint(content.length)]), content]);
const text = (field: number, value: string): Uint8Array => message(field, Buffer.from(value));
const number = (field: number, value: number): Uint8Array =>
  Uint8Array.from([...varint(field * 8), ...varint(value)]);

const onnx = (...graph: Uint8Array[]): Uint8Array =>
  Buffer.concat([number(1, 8), message(7, Buffer.concat(graph)), message(8, number(2, 16))]);
const node = (op: string, inputs: string[], outputs: string[], ...more: Uint8Array[]): Uint8Array =>
  message(
    1,
    Buffer.concat([
      ...inputs.map((one) => text(1, one)),
      ...outputs.map((one) => text(2, one)),
      text(4, op),
      ...more,
    ]),
  );
const value = (field: number, name: string): Uint8Array => {
  const shape = Buffer.concat([1, 2, 3].map((size) => message(1, number(1, size))));
  const type = message(1, Buffer.concat([number(1, 1), message(2, shape)]));
  return message(field, Buffer.concat([text(1, name), message(2, type)]));
};
const ends = [value(11, 'x'), value(12, 'y')];

/** If nodes whose branch is a graph with an If node, and so on. */
function nested(depth: number): Uint8Array {
  // a message's length precedes it, so it is built from the inside out
  let inner: Uint8Array = node('Relu', ['x'], ['y']);
  for (let i = 0; i < depth; i++) {
    const attribute = Buffer.concat([text(1, 'then_branch'), message(6, inner)]);
    inner = node('If', ['x'], ['y'], message(5, attribute));
  }
  return onnx(inner, ...ends);
}

// pickle

const short = (word: string): string => `X${String.fromCharCode(word.length)}\0\0\0${word}`;
/** A tensor of `count` elements that all share the one number of its storage. */
function repeated(count: number): Uint8Array {
  const int = Buffer.alloc(4);
  int.writeUInt32LE(count);
  const size = `J${int.toString('latin1')}`;
  const storage = `(${short('storage')}ctorch\nFloatStorage\n${short('0')}${short('cpu')}K\x01tQ`;
  const pickle = `\x80\x02}${short('w')}ctorch._utils\n_rebuild_tensor_v2\n(${storage}K\0${size}\x85K\0\x85\x89NtRs.`;
  return zipSync({ 'x/data.pkl': Buffer.from(pickle, 'latin1'), 'x/data/0': new Uint8Array(4) });
}

const safetensors = (header: string): Uint8Array => {
  const length = Buffer.alloc(8);
  length.writeUInt32LE(header.length);
  return Buffer.concat([length, Buffer.from(header)]);
};

const zeros = new Uint8Array(64 * megabyte);

/** The files by what they do. Most are smaller than 100 KB. */
export const bombs: Readonly<Record<string, () => Uint8Array | Promise<Uint8Array>>> = {
  'npz that unpacks 1000 to 1': () => zipSync({ 'a.npy': zeros }, { level: 9 }),
  'npz that unpacks to more than it says': () =>
    claiming(zipSync({ 'a.npy': npy('(16777216,)', zeros) }, { level: 9 }), 200),
  'npz that says it unpacks to 2 GiB': () =>
    claiming(zipSync({ 'a.npy': npy('(1,)', zeros.subarray(0, 4)) }), 0x7fffffff),
  'npz that says it unpacks to 4 GiB': () =>
    claiming(zipSync({ 'a.npy': npy('(1,)', zeros.subarray(0, 4)) }), 0xffffffff),
  'npz that says it unpacks to 15 MB': () =>
    claiming(zipSync({ 'a.npy': npy('(1,)', zeros.subarray(0, 4)) }), 15e6),
  'npz with 2000 names for one piece': () =>
    manyNames('a0000.npy', npy('(3000000,)', zeros.subarray(0, 12e6)), 2000),
  'npy of a shape that the file has not': () => npy('(536870912,)', new Uint8Array(8)),
  'Keras with weights that unpack 1000 to 1': () =>
    zipSync({ ...parts, 'model.weights.h5': zeros }, { level: 9 }),
  'Keras nested 100,000 deep': () =>
    withConfig((config) =>
      config.replace('"config"', `"deep": ${'['.repeat(1e5)}${']'.repeat(1e5)}, "config"`),
    ),
  'Keras with 15 MB of brackets': () => withConfig(() => '['.repeat(15e6)),
  'Keras with a number of units nested 10,000 deep': () =>
    withConfig((config) => config.replace(/"units": ?\d+/, `"units": ${'['.repeat(1e4)}${']'.repeat(1e4)}`)),
  'Keras with units in the billions': () =>
    withConfig((config) => config.replace(/"units": ?\d+/g, '"units": 4000000000')),
  'Keras layer that reads itself': () => circular(0),
  'Keras layers in a circle': () => circular(1),
  'HDF5 of 2 GiB that nobody wrote': () => sparse(2 ** 29),
  'HDF5 of 16 EiB that nobody wrote': () => sparse(2 ** 50),
  'HDF5 with groups 40 deep': () =>
    hdf5((file) => Array.from({ length: 40 }, (_, i) => file.create_group('g/'.repeat(i + 1)))),
  'HDF5 with a group in itself': () =>
    hdf5((file) => {
      file.create_group('g');
      (file.get('g') as InstanceType<typeof h5.Group>).create_hard_link('/g', 'self');
    }),
  'HDF5 with a link to nowhere': () => hdf5((file) => file.create_soft_link('/there/is/nothing', 'w')),
  'HDF5 with a link to another file': () =>
    hdf5((file) => file.create_external_link('/etc/passwd', '/', 'w')),
  'ONNX graphs 3000 deep in one another': () => nested(3000),
  'ONNX nodes in a circle': () =>
    onnx(node('Relu', ['b'], ['a']), node('Relu', ['a'], ['b']), node('Add', ['x', 'b'], ['y']), ...ends),
  'ONNX node that reads itself': () => onnx(node('Add', ['x', 'y'], ['y']), ...ends),
  'ONNX tensor that says it has 2 GiB': () =>
    onnx(
      message(
        5,
        Buffer.concat([number(1, 2 ** 29), number(2, 1), text(8, 'w'), message(9, new Uint8Array(8))]),
      ),
      node('Add', ['x', 'w'], ['y']),
      ...ends,
    ),
  'PyTorch tensor that shows one number 2^29 times': () => repeated(2 ** 29),
  'PyTorch pickle of 15 MB of lists in lists': () =>
    zipSync({ 'x/data.pkl': Buffer.from(`\x80\x02${']'.repeat(15e6)}.`, 'latin1') }, { level: 9 }),
  'safetensors header nested 100,000 deep': () => safetensors(`{"a": ${'['.repeat(1e5)}${']'.repeat(1e5)}}`),
  'safetensors of a shape that the file has not': () =>
    safetensors('{"a": {"dtype": "F32", "shape": [536870912], "data_offsets": [0, 2147483648]}}'),
};
