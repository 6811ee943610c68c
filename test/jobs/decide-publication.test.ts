import { expect, it } from 'vitest';
import { compareScores } from '../../src/jobs/decide-publication.ts';

const compare = (next: [number, number], current: [number, number], lowerIsBetter = false): boolean =>
  compareScores(
    {
      next: { score: next[0], loss: next[1] },
      current: { score: current[0], loss: current[1] },
      lowerIsBetter,
      metric: 'validation_accuracy',
    },
    'm@1',
  ).published;

it('publishes the better score, whichever direction is better', () => {
  expect(compare([0.9, 5], [0.8, 1])).toBe(true);
  expect(compare([0.8, 1], [0.9, 5])).toBe(false);
  expect(compare([0.8, 1], [0.9, 5], true)).toBe(true);
});

it('breaks ties by the loss, and keeps the present version of two that are equal', () => {
  expect(compare([1, 0.1], [1, 0.2])).toBe(true);
  expect(compare([1, 0.2], [1, 0.1])).toBe(false);
  expect(compare([1, 0.1], [1, 0.1])).toBe(false);
});

it('never publishes a score that is not a number, and anything in place of one', () => {
  expect(compare([Number.NaN, Number.NaN], [0.1, 1])).toBe(false);
  expect(compare([0.1, 1], [Number.NaN, Number.NaN])).toBe(true);
  expect(compare([Number.NaN, 1], [Number.NaN, 1])).toBe(false);
});
