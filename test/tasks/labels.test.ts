import fc from 'fast-check';
import { expect, it } from 'vitest';
import { rankLabels } from '../../src/tasks/labels.ts';

const rank = (scores: Float32Array, count: number) => Array.from(rankLabels(scores, count));

it('labels are ranked by falling score, equal ones in the order of the model', () => {
  expect(rank(Float32Array.of(0.25, 0.5, 0.1, 0.5), 3)).toEqual([1, 3, 0]);
});

it('labels are ranked as a sorted list is, for any scores and any count', () => {
  const scores = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(scores, fc.integer({ min: 1, max: 250 }), (values, count) => {
      const sorted = values.map((score, id) => ({ score, id }));
      sorted.sort((a, b) => b.score - a.score || a.id - b.id);
      expect(rank(Float32Array.from(values), count)).toEqual(sorted.slice(0, count).map(({ id }) => id));
    }),
  );
});
