import type { Tensor } from '../../network/weights.ts';
import { createArrayCollector, countElements, type Arrays } from '../arrays.ts';
import { numberTypes, type NumberType } from '../number-types.ts';
import { asConfig } from '../keras/keras-config.ts';
import { readExternalFiles, type ExternalFiles } from '../external-files.ts';
import { invalidWeights, quote } from '../format-errors.ts';

// TensorFlow.js's weightsManifest: groups of weights, stored one after the other in the group's files,
// little-endian, without gaps (https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts).

const maxGroups = 1000;
const maxBytes = 2 * 1024 ** 3;

/** TensorFlow.js's names of number types; a bool is one byte. */
const types: Readonly<Record<string, NumberType>> = {
  float32: 'float32',
  float16: 'float16',
  int32: 'int32',
  uint16: 'uint16',
  uint8: 'uint8',
  bool: 'bool',
};

interface Group {
  readonly paths: readonly string[];
  readonly weights: readonly Record<string, unknown>[];
}

/** Reads the weights by name, in the manifest's order. @throws UnrollError invalid_weights */
export async function readWeightsManifest(manifest: unknown, externalFiles: ExternalFiles): Promise<Arrays> {
  const groups = parseGroups(manifest);
  const files = await readExternalFiles(
    externalFiles,
    groups.flatMap(({ paths }) => paths),
  );
  const found = createArrayCollector();
  for (const { paths, weights } of groups) {
    const bytes = concatenate(paths.map((path) => files.get(path)!));
    const from = paths.length > 1 ? `${quote(paths[0])} to ${quote(paths.at(-1))}` : quote(paths[0]);
    let at = 0;
    for (const weight of weights) {
      const { name, shape, stored, quantization } = parseWeight(weight);
      const where = `the weight ${quote(name)}`;
      const count = countElements(shape, where);
      found.reserve(count);
      const size = count * numberTypes[stored].bytes;
      if (size > bytes.length - at)
        invalidWeights(`${where}: bytes ${at} to ${at + size} of ${from}, which has ${bytes.length}`);
      const values = numberTypes[stored].read(bytes.subarray(at, at + size));
      found.add(name, { shape: shape as number[], values: quantization(values) });
      at += size;
    }
    if (at !== bytes.length) invalidWeights(`${from} has ${bytes.length} bytes, its weights take ${at}`);
  }
  return found.arrays;
}

function parseGroups(manifest: unknown): Group[] {
  if (!Array.isArray(manifest) || manifest.length > maxGroups)
    return invalidWeights(`its weightsManifest is not a list of at most ${maxGroups} groups`);
  return manifest.map((group: unknown, index) => {
    const { paths, weights } = (group ?? {}) as Partial<Record<keyof Group, unknown>>;
    if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string'))
      return invalidWeights(`weightsManifest.${index}.paths is not a list of files`);
    if (!Array.isArray(weights) || !weights.every((weight) => typeof weight === 'object' && weight !== null))
      return invalidWeights(`weightsManifest.${index}.weights is not a list of weights`);
    return { paths, weights: weights as Record<string, unknown>[] };
  });
}

/** Parses one weight of the manifest. `quantization` restores the original values from the stored ones. */
function parseWeight({ name, shape, dtype, quantization }: Record<string, unknown>): {
  name: string;
  shape: readonly unknown[];
  stored: NumberType;
  quantization: (stored: Float32Array) => Float32Array;
} {
  if (typeof name !== 'string' || !Array.isArray(shape))
    return invalidWeights(`a weight without a name or a shape: ${quote(name)}`);
  const where = `the weight ${quote(name)}`;
  const settings = quantization === undefined || quantization === null ? null : asConfig(quantization);
  const kind = settings?.['dtype'] ?? dtype;
  const stored = typeof kind === 'string' && Object.hasOwn(types, kind) ? types[kind] : undefined;
  if (!stored) return invalidWeights(`${where} has the unsupported type ${quote(kind)}`);
  if (!settings || stored === 'float16') return { name, shape, stored, quantization: (values) => values };
  const { scale, min } = settings;
  if ((stored !== 'uint8' && stored !== 'uint16') || typeof scale !== 'number' || typeof min !== 'number')
    return invalidWeights(
      `${where} is quantized as ${quote(settings)}: must be uint8 or uint16 with scale and min`,
    );
  // integers stay integers
  const restored = (value: number): number => value * scale + min;
  return {
    name,
    shape,
    stored,
    quantization: (values) =>
      values.map(dtype === 'int32' ? (value) => Math.round(restored(value)) : restored),
  };
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > maxBytes) invalidWeights(`a group of ${length} bytes, the limit is ${maxBytes}`);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Groups weights by layer: a weight's name begins with the layer's name or, in a nested model, contains it.
 * @throws UnrollError invalid_weights for a weight of no layer, or of two
 */
export function groupWeightsByLayer(
  arrays: Arrays,
  layers: readonly string[],
): ReadonlyMap<string, readonly Tensor[]> {
  const assigned = new Set<string>();
  const byLayer = new Map(
    layers.map((layer) => {
      const all = [...arrays];
      const own = all.filter(([name]) => name.startsWith(`${layer}/`));
      const found = own.length > 0 ? own : all.filter(([name]) => name.includes(`/${layer}/`));
      for (const [name] of found) {
        if (assigned.has(name)) invalidWeights(`the weight ${quote(name)} belongs to two layers`);
        assigned.add(name);
      }
      return [layer, found.map(([, tensor]) => tensor)];
    }),
  );
  for (const name of arrays.keys())
    if (!assigned.has(name)) invalidWeights(`the weight ${quote(name)} belongs to no layer`);
  return byLayer;
}
