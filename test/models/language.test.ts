import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { readDeclarations } from '../../examples/language/declarations.ts';
import { everydayAccuracy, heldOutAccuracy } from '../../examples/language/held-out.ts';
import { modelSpec } from '../../src/network/spec.ts';
import { serveModels } from './served-models.ts';

const folder = 'models/language/1';
const spec = modelSpec.parse(JSON.parse(readFileSync(`${folder}/model.json`, 'utf8')));
const declarations = readDeclarations();
const measured = z
  .object({ accuracy: z.record(z.string(), z.object({ correct: z.number(), sentences: z.number() })) })
  .parse(spec.provenance).accuracy;
const served = await serveModels();
afterAll(() => served.close());

test('the weights fit into 3 MB', () => {
  expect(readFileSync(`${folder}/weights.safetensors`).length).toBeLessThanOrEqual(3e6);
});

test('labels are those of the declarations it was trained on', () => {
  expect(spec.outputs.labels).toEqual(declarations.map(({ label }) => label));
});

test('German is recognised at the end of a sentence of the declaration', async () => {
  const { predictions } = await served.post<{ predictions: { label: string; score: number }[] }>(
    '/v1/models/language/classify',
    { input: 'Alle Menschen sind frei und gleich an Würde' },
  );
  const [best] = predictions;
  expect(best!.label).toBe('de');
  expect(best!.score).toBeGreaterThan(0.9);
});

// a machine without fused multiply-add rounds otherwise, and may tip a sentence that stood on the edge
const close = 0.005;

test.each([20, 60])(
  'held-out sentences cut to %d characters have the accuracy in model.json',
  async (characters) => {
    const { correct, sentences } = await heldOutAccuracy(served, declarations, characters);
    const claimed = measured[`held-out sentences cut to ${characters} characters`]!;
    expect(sentences).toBe(claimed.sentences);
    expect(Math.abs(correct - claimed.correct)).toBeLessThan(close);
  },
);

test('everyday sentences have the accuracy in model.json', async () => {
  const { correct, sentences } = await everydayAccuracy(served);
  expect(sentences).toBe(measured['everyday sentences']!.sentences);
  expect(Math.abs(correct - measured['everyday sentences']!.correct)).toBeLessThan(0.02 + close);
});
