import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { checkDeadline, watchDeadline } from '../../src/engine/deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched(deadlineMs: number, signal?: AbortSignal) {
  const ended: string[] = [];
  const stop = watchDeadline({ deadlineMs, signal }, ({ code }) => ended.push(code));
  return { ended, stop };
}

test('the deadline ends it once, and the signal no more after that', () => {
  const hangUp = new AbortController();
  const { ended } = watched(performance.now() + 100, hangUp.signal);
  vi.advanceTimersByTime(99);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(1);
  hangUp.abort();
  expect(ended).toEqual(['deadline_exceeded']);
});

test('the signal ends it at once', () => {
  const hangUp = new AbortController();
  const { ended } = watched(performance.now() + 100, hangUp.signal);
  hangUp.abort();
  vi.advanceTimersByTime(1000);
  expect(ended).toEqual(['cancelled']);
});

test('nothing ends it once it is no longer watched', () => {
  const hangUp = new AbortController();
  const { ended, stop } = watched(performance.now() + 100, hangUp.signal);
  stop();
  hangUp.abort();
  vi.advanceTimersByTime(1000);
  expect(ended).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a deadline beyond what one timer can hold does not end it early', () => {
  const days = 40 * 86_400_000;
  const { ended } = watched(performance.now() + days);
  vi.advanceTimersByTime(days - 1);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(ended).toEqual(['deadline_exceeded']);
});

test('what is too late already is refused', () => {
  expect(() => checkDeadline({ deadlineMs: performance.now() })).toThrow('deadline');
  expect(() => checkDeadline({ deadlineMs: performance.now() + 1, signal: AbortSignal.abort() })).toThrow(
    'the caller disconnected',
  );
  checkDeadline({ deadlineMs: performance.now() + 1, signal: new AbortController().signal });
});
