import { expect, test } from 'vitest';
import { createRetryAfter } from '../../src/engine/retry-after.ts';

test('the wait grows with those ahead and shrinks with slots, between a second and a minute', () => {
  const retryAfter = createRetryAfter();
  expect(retryAfter.seconds(1000, 1)).toBe(1);
  for (let i = 0; i < 500; i++) retryAfter.ended(200);
  expect(retryAfter.seconds(100, 4)).toBe(5);
  expect(retryAfter.seconds(100, 2)).toBe(10);
  expect(retryAfter.seconds(1, 4)).toBe(1);
  expect(retryAfter.seconds(100_000, 1)).toBe(60);
});
