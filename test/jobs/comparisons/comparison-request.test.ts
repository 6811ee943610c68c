import { expect, it } from 'vitest';
import { comparisonRequest } from '../../../src/jobs/comparisons/comparison-request.ts';
import { spec } from '../fixtures.ts';

const parse = (more: object) => {
  const { model: _, ...rest } = spec();
  return comparisonRequest.safeParse({ model: 'cmp', spec: rest, ...more }).success;
};

it.each<[string, object, boolean]>([
  ['nothing but a spec', {}, true],
  ['a grid and draws', { grid: { seed: [1] }, random: { trials: 1, ranges: {} } }, false],
  ['a path outside hyperparameters, budget and seed', { grid: { 'network.layers': [[]] } }, false],
  ['a range from more to less', { random: { trials: 1, ranges: { seed: { min: 2, max: 1 } } } }, false],
  [
    'a log range from zero',
    { random: { trials: 1, ranges: { seed: { min: 0, max: 1, log: true } } } },
    false,
  ],
  ['a name that is no name', { model: '../out' }, false],
])('takes or refuses %s', (_, more, taken) => {
  expect(parse(more)).toBe(taken);
});
