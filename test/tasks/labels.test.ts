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
