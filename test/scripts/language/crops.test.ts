import { expect, test } from 'vitest';
import { cropBatch, cropLimits, cropSource } from '../../../scripts/language/crops.ts';
import { createRng } from '../../../src/decoding/rng.ts';
import { createVocabulary } from '../../../src/vocabulary/vocabulary.ts';

const tokens = ['?', ' ', '.', ...Array.from('abcdefghijklmnopqrstuvwxyz')];
const vocabulary = createVocabulary({
  kind: 'text',
  vocabulary: 'characters',
  tokens,
  unknown: 0,
  lowercase: true,
  normalize: 'NFC',
});
// the first language has no letter of the second
const source = cropSource(
  [
    { label: 'xx', name: 'First', train: Array<string>(20).fill('abc cab. bac'), heldOut: [] },
    { label: 'yy', name: 'Second', train: Array<string>(20).fill('xyz zyx. yxz'), heldOut: [] },
  ],
  vocabulary,
);

test('a batch holds crops of one length, each labelled with its own language', () => {
  const random = createRng(1);
  const seen = new Set<number>();
  for (let k = 0; k < 50; k++) {
    const { plan, ids, targets } = cropBatch(source, 6, random);
    seen.add(plan.steps);
    expect(plan.steps).toBeGreaterThanOrEqual(cropLimits.shortest);
    expect(plan.steps).toBeLessThan(cropLimits.longest);
    expect(ids).toHaveLength(6 * plan.steps);
    ids.forEach((id, i) => {
      const other = targets.classes[i] === 0 ? 'xyz' : 'abc';
      expect(other).not.toContain(tokens[id]);
    });
  }
  expect(seen.size).toBeGreaterThan(10);
});

test('the last step is judged, others now and then, and all weights sum to one', () => {
  const random = createRng(2);
  for (let k = 0; k < 20; k++) {
    const { plan, targets } = cropBatch(source, 4, random);
    const { weights } = targets;
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
    expect([...weights.subarray(4 * (plan.steps - 1))].every((weight) => weight > 0)).toBe(true);
  }
});

test('one seed draws one batch', () => {
  expect(cropBatch(source, 4, createRng(3))).toEqual(cropBatch(source, 4, createRng(3)));
  expect(cropBatch(source, 4, createRng(3))).not.toEqual(cropBatch(source, 4, createRng(4)));
});
