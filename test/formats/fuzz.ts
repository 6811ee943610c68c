import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { createRng, type Rng } from '../../src/random.ts';
import { UnrollError } from '../../src/errors.ts';
import { invalidWeights, quote } from '../../src/formats/format-errors.ts';
import { foldSignedGraph } from '../../src/formats/operators/fold-signed-graph.ts';
import { readImportedFile } from '../../src/formats/read-imported.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import type { ExternalFiles } from '../../src/formats/external-files.ts';
import { damagedCode, damagedJson } from './damaged-text.ts';
import { moveOut } from './onnx/move-out.ts';

// Damaged and malicious files: each must be refused with a named error, or load.

const golden = (name: string): Uint8Array => readFileSync(join(import.meta.dirname, '../golden', name));

function npy(shape: string, numbers: number): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117) + '\n';
  const bytes = new Uint8Array(10 + header.length + numbers * 4);
  bytes.set([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0, ...Buffer.from(header)]);
  return bytes;
}

const outside = moveOut(golden('onnx-files/tagger-gru-16.onnx'), ({ offset, length }) => ({
  location: 'data',
  offset: String(offset),
  length: String(length),
}));
/** The external files that the seeds name. */
const externalBytes: ReadonlyMap<string, Uint8Array> = new Map([
  ['data', outside.data],
  ['model.h5', golden('old-keras-files/weights-and-config/model.h5')],
  ['windows.bin', golden('tfjs-files/both-concat/group1-shard1of1.bin')],
  ['group1-shard1of1.bin', golden('tfjs-files/tagger/group1-shard1of1.bin')],
  ['weights.bin', golden('tfjs-graphs/masked-tagger/weights.bin')],
  ['decoder.bin', golden('tfjs-graphs/decoder/weights.bin')],
]);
export const externalFiles: ExternalFiles = {
  read: (name) =>
    Promise.resolve(externalBytes.get(name) ?? invalidWeights(`the file ${quote(name)} is missing`)),
  list: () => Promise.resolve(['model.h5']),
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const withShard = (file: string, shard: string, name: string): Uint8Array =>
  encoder.encode(decoder.decode(golden(file)).replace(shard, name));
const windows = withShard('tfjs-files/both-concat/model.json', 'group1-shard1of1.bin', 'windows.bin');

/** A valid file of each format. */
export const seeds: Readonly<Record<string, Uint8Array>> = {
  safetensors: writeSafetensors(
    new Map(['a', 'b.weight'].map((name) => [name, { shape: [3, 2], values: new Float32Array(6).fill(1) }])),
  ),
  npy: npy('(3, 4)', 12),
  npz: zipSync({ 'a.npy': npy('(3, 4)', 12), 'b.npy': npy('()', 1) }),
  PyTorch: golden('torch-files/tagger.pt'),
  'PyTorch, nested': golden('torch-files/recurrent.pt'),
  'PyTorch before 1.6': golden('torch-files/views-legacy.pt'),
  'PyTorch checkpoint': golden('state-dicts/lightning.ckpt'),
  'PyTorch, protocol 5': golden('state-dicts/protocol-5.bin'),
  'PyTorch, weight norm': golden('state-dicts/weight-norm.pt'),
  TorchScript: golden('torch-files/tagger-script.pt'),
  'TorchScript loop': golden('torchscript-files/cell-loop-script.pt'),
  'TorchScript packed sequences': golden('torchscript-files/packed-trace.pt'),
  'TorchScript dictionary': golden('torchscript-files/dict-out-script.pt'),
  'TorchScript decoder': golden('torchscript-files/tacotron-script.pt'),
  'TorchScript attention': golden('torchscript-files/transformer-trace.pt'),
  'TorchScript transposed convolutions': golden('torchscript-files/upsampled-script.pt'),
  'TorchScript float64': golden('float64-files/scripted.pt'),
  ONNX: golden('onnx-files/tagger-gru-16.onnx'),
  'ONNX operator graph': golden('onnx-files/graphs/frames-9.onnx'),
  'ONNX operator graph of ids': golden('onnx-files/graphs/pooled-16.onnx'),
  'ONNX loop': golden('onnx-files/graphs/loop.onnx'),
  'ONNX branches': golden('onnx-files/graphs/branches.onnx'),
  Keras: golden('keras-files/two-branches.keras'),
  'Keras with texts': golden('keras-text-files/adapted.keras'),
  'TensorFlow.js': golden('tfjs-files/tagger/model.json'),
  'TensorFlow.js operator graph': windows,
  'TensorFlow.js graph': golden('tfjs-graphs/masked-tagger/model.json'),
  'Keras operator graph': golden('keras-files/repeat.keras'),
  'ONNX with its tensors outside': outside.model,
  'Keras JSON': golden('old-keras-files/weights-and-config/model.json'),
  'Keras operations': golden('keras-operation-files/slices.keras'),
  'Keras dicts': golden('keras-dict-files/two-inputs.keras'),
  'Keras dicts, nested': golden('keras-dict-files/nested-by-names.keras'),
  'Keras einsum': golden('keras-layer-files/einsum-heads.keras'),
  'Keras transposed convolution': golden('keras-layer-files/transposed-before-lstm.keras'),
  'TensorFlow.js decoder': withShard('tfjs-graphs/decoder/model.json', 'weights.bin', 'decoder.bin'),
  'Keras HDF5': golden('keras-files/two-branches.h5'),
};

const interesting = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff];

/**
 * One damaged copy: bits flipped, bytes changed, numbers replaced, pieces removed, doubled, repeated or
 * moved.
 */
function damaged(seed: Uint8Array, random: Rng): Uint8Array {
  const below = (count: number): number => Math.floor(random.next() * count);
  let bytes = Uint8Array.from(seed);
  for (let hits = 1 + below(4); hits > 0; hits--) {
    const at = below(bytes.length);
    const length = Math.min(1 + below(24), bytes.length - at);
    switch (below(9)) {
      case 0:
        bytes[at] = bytes[at]! ^ (1 << below(8));
        break;
      case 1:
        bytes[at] = below(256);
        break;
      case 2:
        if (at + 4 <= bytes.length)
          new DataView(bytes.buffer).setUint32(at, interesting[below(interesting.length)]!, true);
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
        break;
      case 5:
        bytes = Uint8Array.from([...bytes.subarray(0, at + length), ...bytes.subarray(at)]);
        break;
      case 6:
        bytes.copyWithin(at, below(bytes.length), below(bytes.length));
        break;
      case 7: {
        // a repeated bracket, or start of a list in a pickle: deep nesting
        const piece = bytes.subarray(at, at + Math.min(length, 1 + below(8)));
        const again = Array<Uint8Array>(1 + below(5000)).fill(piece);
        bytes = Uint8Array.from(Buffer.concat([bytes.subarray(0, at), ...again, bytes.subarray(at)]));
        break;
      }
      default:
        bytes.fill(below(256), at, at + length);
    }
    if (bytes.length === 0) return bytes;
  }
  return bytes;
}

/** Damage of a text that leaves it readable, by the end of its name. */
const readable: Readonly<Record<string, (text: string, random: Rng) => string>> = {
  json: damagedJson,
  py: damagedCode,
};

/**
 * A damaged copy; half of those of a zip are valid zips with a damaged entry, and half of those of a text stay readable.
 */
function damagedFile(name: string, number: number): Uint8Array {
  const seed = seeds[name]!;
  const random = createRng(number, 77);
  const isZip = seed[0] === 0x50 && seed[1] === 0x4b;
  if (number % 2 === 0) return damaged(seed, random);
  if (!isZip) return seed[0] === 0x7b ? damagedText(damagedJson, seed, random) : damaged(seed, random);
  const entries = Object.entries(unzipSync(seed)).filter(([, { length }]) => length > 0);
  const texts = entries.filter(([entry]) => getDamage(entry));
  const some = number % 4 === 1 && texts.length > 0 ? texts : entries;
  const [entry, content] = some[Math.floor(random.next() * some.length)]!;
  const damage = some === texts ? getDamage(entry) : undefined;
  const changed = damage ? damagedText(damage, content, random) : damaged(content, random);
  return zipSync({ ...Object.fromEntries(entries), [entry]: changed }, { level: 0 });
}

const getDamage = (entry: string) => readable[entry.split('.').at(-1)!];
const damagedText = (
  damage: (text: string, random: Rng) => string,
  content: Uint8Array,
  random: Rng,
): Uint8Array => encoder.encode(damage(decoder.decode(content), random));

/** Whether a file was read or refused. @throws any other error */
export async function readOrRefused(bytes: Uint8Array): Promise<'read' | 'refused'> {
  try {
    const file = await readImportedFile(bytes, { externalFiles, hdf5TimeoutMs: 1000 });
    const graph = readOrRefuse(() => file.graph && foldSignedGraph(file.graph()));
    const network = readOrRefuse(() => file.network());
    return graph === 'read' && network === 'read' ? 'read' : 'refused';
  } catch (error) {
    return toRefusal(error);
  }
}

function readOrRefuse(read: () => unknown): 'read' | 'refused' {
  try {
    read();
    return 'read';
  } catch (error) {
    return toRefusal(error);
  }
}

function toRefusal(error: unknown): 'refused' {
  if (error instanceof UnrollError && /^invalid_(weights|model)$/.test(error.code)) return 'refused';
  throw error;
}

/** @returns the number of damaged files that could be read */
export async function fuzz(name: string, count: number, from = 0): Promise<number> {
  let read = 0;
  for (let number = from; number < from + count; number++) {
    const bytes = damagedFile(name, number);
    try {
      if ((await readOrRefused(bytes)) === 'read') read++;
    } catch (error) {
      throw new Error(`${name}, damaged file ${number}`, { cause: error });
    }
  }
  return read;
}
