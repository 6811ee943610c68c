import { expect, it } from 'vitest';
import { comparisonRequest } from '../../../src/jobs/comparisons/comparison-request.ts';
import { spec } from '../fixtures.ts';

const parse = (more: object) => {
  const { model: _, ...rest } = spec();
  return comparisonRequest.safeParse({ model: 'cmp', spec: rest, ...more }).success;
};

it.each<[string, object, boolean]>([
  ['only a spec', {}, true],
  ['a grid and draws', { grid: { seed: [1] }, random: { trials: 1, ranges: {} } }, false],
  ['a path outside hyperparameters, budget and seed', { grid: { 'network.layers': [[]] } }, false],
  [
    'a range whose min is above its max',
    { random: { trials: 1, ranges: { seed: { min: 2, max: 1 } } } },
    false,
  ],
  [
    'a log range from zero',
    { random: { trials: 1, ranges: { seed: { min: 0, max: 1, log: true } } } },
    false,
  ],
  ['an invalid model name', { model: '../out' }, false],
])('validates a request with %s', (_, more, valid) => {
  expect(parse(more)).toBe(valid);
});
