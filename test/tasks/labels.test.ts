import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bestLabels } from '../../src/tasks/labels.ts';

it('the best labels fall by score, equal ones in the order of the model', () => {
  const scores = Float32Array.of(0.25, 0.5, 0.1, 0.5);
  expect(bestLabels(scores, ['a', 'b', 'c', 'd'], 3)).toEqual([
    { label: 'b', score: 0.5 },
    { label: 'd', score: 0.5 },
    { label: 'a', score: 0.25 },
  ]);
});

it('the best labels are those of a sorted list, for any scores and any count', () => {
  const scores = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(scores, fc.integer({ min: 1, max: 250 }), (values, count) => {
      const labels = values.map((_, id) => String(id));
      const sorted = values.map((score, id) => ({ label: String(id), score, id }));
      sorted.sort((a, b) => b.score - a.score || a.id - b.id);
      const best = sorted.slice(0, count).map(({ label, score }) => ({ label, score }));
      expect(bestLabels(Float32Array.from(values), labels, count)).toEqual(best);
    }),
  );
});
