import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readDeclarations } from '../../scripts/language/declarations.ts';
import { everydayAccuracy, heldOutAccuracy } from '../../scripts/language/held-out.ts';
import { serveNetwork } from '../../scripts/language/served-network.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { modelSpec } from '../../src/network/spec.ts';
import { createVocabulary } from '../../src/vocabulary/vocabulary.ts';
import { kernelOf } from '../network/random-network.ts';

const folder = 'models/language/1';
const spec = modelSpec.parse(JSON.parse(readFileSync(`${folder}/model.json`, 'utf8')));
const bytes = readFileSync(`${folder}/weights.safetensors`);
const network = serveNetwork(spec.network, readSafetensors(bytes), kernelOf('auto'));
if (spec.inputs.kind !== 'text') throw new Error('language reads text');
const vocabulary = createVocabulary(spec.inputs);
const declarations = readDeclarations();
const measured = z
  .object({ accuracy: z.record(z.string(), z.object({ correct: z.number(), sentences: z.number() })) })
  .parse(spec.provenance).accuracy;

test('the weights fit into 3 MB', () => {
  expect(bytes.length).toBeLessThanOrEqual(3e6);
});

test('labels are those of the declarations it was trained on', () => {
  expect(spec.outputs.labels).toEqual(declarations.map(({ label }) => label));
});

test('German is told from a sentence of the declaration as soon as it ends', () => {
  const [output] = network.last([vocabulary.encode('Alle Menschen sind frei und gleich an Würde').ids]);
  const best = output!.indexOf(Math.max(...output!));
  expect(spec.outputs.labels![best]).toBe('de');
  expect(output![best]).toBeGreaterThan(0.9);
});

// a machine without fused multiply-add rounds otherwise, and may tip a sentence that stood on the edge
const close = 0.005;

test.each([20, 60])(
  'held-out sentences cut to %d characters have the accuracy in model.json',
  (characters) => {
    const { correct, sentences } = heldOutAccuracy(network, declarations, vocabulary, characters);
    const claimed = measured[`held-out sentences cut to ${characters} characters`]!;
    expect(sentences).toBe(claimed.sentences);
    expect(Math.abs(correct - claimed.correct)).toBeLessThan(close);
  },
);

test('everyday sentences have the accuracy in model.json', () => {
  const { correct, sentences } = everydayAccuracy(network, declarations, vocabulary);
  expect(sentences).toBe(measured['everyday sentences']!.sentences);
  expect(Math.abs(correct - measured['everyday sentences']!.correct)).toBeLessThan(0.02 + close);
});
