import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { measureModel } from '../../examples/measure-model.ts';
import { readBook } from '../../examples/moby/book.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { logSoftmax } from '../../src/kernel/reference/softmax.ts';
import { modelSpec } from '../../src/network/spec.ts';
import { createVocabulary } from '../../src/vocabulary/vocabulary.ts';
import { createTestRunner } from '../network/random-network.ts';

const folder = 'models/moby/1';
const spec = modelSpec.parse(JSON.parse(readFileSync(`${folder}/model.json`, 'utf8')));
const bytes = readFileSync(`${folder}/weights.safetensors`);
const { figures } = z
  .object({ figures: z.object({ held_out_bits_per_character: z.number() }) })
  .parse(spec.provenance);
const { heldOut } = readBook();
if (spec.inputs.kind !== 'text') throw new Error('moby reads text');
const vocabulary = createVocabulary(spec.inputs);
const ids = vocabulary.encode(`${heldOut}\n`).ids;

test('the weights fit into 3 MB', () => {
  expect(bytes.length).toBeLessThanOrEqual(3e6);
});

test('a text starts on a new line', () => {
  expect(vocabulary.tokens.at(vocabulary.startId!)).toBe('\n');
});

test('the held-out pages take the bits a character that model.json claims', async () => {
  const measured = await measureModel(folder, { type: 'text/plain', text: heldOut });
  expect(Math.abs(measured['bits_per_character']! - figures.held_out_bits_per_character)).toBeLessThan(0.001);
});

test('served, they take as many', () => {
  const chunk = 1024;
  const size = vocabulary.tokens.length;
  const runner = createTestRunner(spec.network, readSafetensors(bytes), { maxRows: 1, maxPacked: chunk });
  const steps = Array.from({ length: chunk }, (_, i) => i);
  runner.join();
  let nats = 0;
  let count = 0;
  for (let first = 0; first + chunk < ids.length; first += chunk) {
    runner.plan([chunk]);
    runner.ids.set(ids.subarray(first, first + chunk));
    const logits = runner.run(steps, 'logits');
    for (const t of steps)
      nats -= logSoftmax(logits.subarray(t * size, (t + 1) * size))[ids[first + t + 1]!]!;
    count += chunk;
  }
  // the last part of a chunk is left out on both sides, not the same part
  expect(Math.abs(nats / count / Math.LN2 - figures.held_out_bits_per_character)).toBeLessThan(0.005);
});
