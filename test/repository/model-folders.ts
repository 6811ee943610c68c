import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { z } from 'zod';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { modelSpec, type ModelSpec } from '../../src/network/spec.ts';
import { ids, network, randomWeights } from '../network/random-network.ts';

// Small model folders on disk, removed at the end of the test.

export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'unroll-models-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const layers: z.input<typeof modelSpec>['network']['layers'] = [
  { type: 'embedding', name: 'letters', vocabulary: 3, units: 2 },
  { type: 'recurrent', name: 'read', cell: 'gru', units: 4 },
  { type: 'dense', name: 'classes', units: 2, activation: 'softmax' },
];

/** A classifier of texts over a, b, c. */
export const classifier = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  schema: 1,
  name: 'tiny',
  task: 'classify',
  inputs: { kind: 'text', vocabulary: 'characters', tokens: ['a', 'b', 'c'] },
  network: { layers },
  outputs: { labels: ['yes', 'no'] },
  ...changes,
});

export const classifierSpec = (changes: Record<string, unknown> = {}): ModelSpec =>
  modelSpec.parse(classifier(changes));
export const classifierWeights = (seed = 1) => randomWeights(network(layers), ids(3), seed);

/** Writes `<root>/<name>/<version>/`. @returns the folder */
export function writeModel(
  root: string,
  name: string,
  version: number | string,
  files: { spec?: unknown; weights?: Uint8Array; seed?: number } = {},
): string {
  const folder = join(root, name, String(version));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.json'), JSON.stringify(files.spec ?? classifier({ name })));
  writeFileSync(
    join(folder, 'weights.safetensors'),
    files.weights ?? writeSafetensors(classifierWeights(files.seed)),
  );
  return folder;
}
