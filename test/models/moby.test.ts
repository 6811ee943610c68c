import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readBook } from '../../scripts/moby/book.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { logSoftmax } from '../../src/kernel/reference/softmax.ts';
import { modelSpec } from '../../src/network/spec.ts';
import { runnerOf } from '../network/random-network.ts';

const folder = 'models/moby/1';
const spec = modelSpec.parse(JSON.parse(readFileSync(`${folder}/model.json`, 'utf8')));
const bytes = readFileSync(`${folder}/weights.safetensors`);
const { figures } = z
  .object({ figures: z.object({ held_out_bits_per_character: z.number() }) })
  .parse(spec.provenance);
const { tokens, heldOut } = readBook();

test('the weights fit into 3 MB', () => {
  expect(bytes.length).toBeLessThanOrEqual(3e6);
});

test('its characters are those of the book, and a text starts on a new line', () => {
  const inputs = z.object({ tokens: z.array(z.string()), start: z.int() }).parse(spec.inputs);
  expect(inputs.tokens).toEqual(tokens);
  expect(inputs.tokens[inputs.start]).toBe('\n');
});

test('served, the held-out pages take the bits a character that model.json claims', () => {
  const chunk = 1024;
  const runner = runnerOf(spec.network, readSafetensors(bytes), { maxRows: 1, maxPacked: chunk });
  const steps = Array.from({ length: chunk }, (_, i) => i);
  runner.join();
  let nats = 0;
  let count = 0;
  for (let first = 0; first + chunk < heldOut.length; first += chunk) {
    runner.plan([chunk]);
    runner.ids.set(heldOut.subarray(first, first + chunk));
    const logits = runner.run(steps, 'logits');
    for (const t of steps) {
      const row = logits.subarray(t * tokens.length, (t + 1) * tokens.length);
      nats -= logSoftmax(row)[heldOut[first + t + 1]!]!;
    }
    count += chunk;
  }
  // the last part of a chunk is left out here and by the script, not the same part
  expect(Math.abs(nats / count / Math.LN2 - figures.held_out_bits_per_character)).toBeLessThan(0.005);
});
