import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { modelSpec } from '../../src/network/spec.ts';
import { features, ids, randomWeights } from '../network/random-network.ts';

// A models folder with small random models, one per task.

export interface ModelFolder {
  readonly path: string;
  write(name: string, version: number, model: object, seed?: number): void;
  remove(): void;
}

export const tokens = ['\u{fffd}', '\n', ...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .,😀กé'];
const text = { kind: 'text', vocabulary: 'characters', tokens, unknown: 0 };
const embedding = { type: 'embedding', vocabulary: tokens.length, units: 12 };
const labels = ['red', 'green', 'blue'];

export const models = {
  classifier: {
    task: 'classify',
    inputs: text,
    network: {
      layers: [
        embedding,
        { type: 'recurrent', cell: 'gru', units: 24 },
        { type: 'pool', mode: 'last' },
        { type: 'dense', units: 3, activation: 'softmax' },
      ],
    },
    outputs: { labels },
  },
  tagger: {
    task: 'tag',
    inputs: text,
    network: {
      layers: [
        embedding,
        { type: 'recurrent', cell: 'lstm', units: 10, bidirectional: true },
        { type: 'dense', units: 3, activation: 'softmax' },
      ],
    },
    outputs: { labels },
  },
  writer: {
    task: 'generate',
    inputs: { ...text, start: 1 },
    network: {
      layers: [
        embedding,
        { type: 'recurrent', cell: 'lstm', units: 48 },
        { type: 'dense', units: tokens.length },
      ],
    },
  },
  numbers: {
    task: 'predict',
    inputs: { kind: 'numeric', features: [{ name: 'x', mean: 1, scale: 2 }, { name: 'y' }] },
    network: {
      layers: [
        { type: 'recurrent', cell: 'rnn', units: 7 },
        { type: 'dense', units: 2 },
      ],
    },
    outputs: { units: [{ name: 'a', mean: 3, scale: 10 }, { name: 'b' }] },
  },
  total: {
    task: 'predict',
    inputs: { kind: 'numeric', features: [{ name: 'x' }] },
    network: {
      layers: [
        { type: 'recurrent', cell: 'gru', reset: 'before', units: 5 },
        { type: 'pool', mode: 'mean' },
        { type: 'dense', units: 1 },
      ],
    },
  },
} as const;

export function modelFolder(
  names: readonly (keyof typeof models)[] = Object.keys(models) as never,
): ModelFolder {
  const path = mkdtempSync(join(tmpdir(), 'unroll-models-'));
  const folder: ModelFolder = {
    path,
    write(name, version, model, seed = 1) {
      const spec = modelSpec.parse({ schema: 1, name, ...model });
      const input =
        spec.inputs.kind === 'text' ? ids(spec.inputs.tokens.length) : features(spec.inputs.features.length);
      const weights = randomWeights(spec.network, input, seed);
      const place = join(path, name, String(version));
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'weights.safetensors'), writeSafetensors(weights));
      writeFileSync(join(place, 'model.json'), JSON.stringify(spec));
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
  for (const name of names) folder.write(name, 1, models[name]);
  return folder;
}
