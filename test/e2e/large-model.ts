import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

// A model folder of any size: LSTM layers of random float32 weights over 64 features, and one output.

const features = 64;
const units = 2048;
const chunkFloats = 1 << 22;

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** LSTM layers whose weights take about `megabytes`: layers of 2048 units, or one narrower layer. */
function layersFor(megabytes: number): { inner: number; units: number }[] {
  const countBytes = (inner: number, units: number): number => 4 * units * (inner + units) * 4;
  const wanted = megabytes * 1e6;
  const layers: { inner: number; units: number }[] = [];
  let bytes = 0;
  while (bytes + countBytes(layers.length === 0 ? features : units, units) <= wanted) {
    const inner = layers.length === 0 ? features : units;
    layers.push({ inner, units });
    bytes += countBytes(inner, units);
  }
  if (layers.length === 0) layers.push({ inner: features, units: Math.round(Math.sqrt(wanted / 16)) - 32 });
  return layers;
}

/** Writes `<root>/<name>/<version>/`. @returns bytes of the weights */
export function writeLargeModel(root: string, name: string, version: number, megabytes: number): number {
  const layers = layersFor(megabytes);
  const tensors = layers.flatMap(({ inner, units }, index): Tensor[] => {
    const prefix = `lstm${index}.0.forward.`;
    return [
      { name: `${prefix}weight_ih`, shape: [4 * units, inner] },
      { name: `${prefix}weight_hh`, shape: [4 * units, units] },
      { name: `${prefix}bias_ih`, shape: [4 * units] },
      { name: `${prefix}bias_hh`, shape: [4 * units] },
    ];
  });
  tensors.push({ name: 'out.weight', shape: [1, layers.at(-1)!.units] }, { name: 'out.bias', shape: [1] });
  const folder = join(root, name, String(version));
  mkdirSync(folder, { recursive: true });
  const bytes = writeTensors(join(folder, 'weights.safetensors'), tensors);
  const model = {
    schema: 1,
    name,
    task: 'predict',
    inputs: { kind: 'numeric', features: Array.from({ length: features }, (_, i) => ({ name: `x${i}` })) },
    network: {
      layers: [
        ...layers.map(({ units }, index) => ({
          type: 'recurrent',
          name: `lstm${index}`,
          cell: 'lstm',
          units,
        })),
        { type: 'dense', name: 'out', units: 1 },
      ],
    },
  };
  writeFileSync(join(folder, 'model.json'), JSON.stringify(model));
  return bytes;
}

/** A safetensors file of random numbers in [−0.05, 0.05), written piece by piece. */
function writeTensors(path: string, tensors: readonly Tensor[]): number {
  let end = 0;
  const entries = tensors.map(({ name, shape }) => {
    const begin = end;
    end += shape.reduce((product, size) => product * size, 4);
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }] as const;
  });
  const json = JSON.stringify(Object.fromEntries(entries));
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const chunk = randomFloats(chunkFloats);
  const file = openSync(path, 'w');
  writeSync(file, length);
  writeSync(file, header);
  for (let left = end; left > 0;) left -= writeSync(file, chunk, 0, Math.min(left, chunk.byteLength));
  closeSync(file);
  return end;
}

function randomFloats(count: number): Uint8Array {
  let state = 1;
  const values = Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32 - 0.5) / 10;
  });
  return new Uint8Array(values.buffer);
}
