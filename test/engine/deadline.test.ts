import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { checkDeadline, watchDeadline } from '../../src/engine/deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched(deadlineMs: number, signal?: AbortSignal) {
  const ended: string[] = [];
  const stop = watchDeadline({ deadlineMs, signal }, ({ code }) => ended.push(code));
  return { ended, stop };
}

test('ends once at the deadline, and not again on abort', () => {
  const hangUp = new AbortController();
  const { ended } = watched(performance.now() + 100, hangUp.signal);
  vi.advanceTimersByTime(99);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(1);
  hangUp.abort();
  expect(ended).toEqual(['deadline_exceeded']);
});

test('ends at once on abort', () => {
  const hangUp = new AbortController();
  const { ended } = watched(performance.now() + 100, hangUp.signal);
  hangUp.abort();
  vi.advanceTimersByTime(1000);
  expect(ended).toEqual(['cancelled']);
});

test('does not end after watching was stopped', () => {
  const hangUp = new AbortController();
  const { ended, stop } = watched(performance.now() + 100, hangUp.signal);
  stop();
  hangUp.abort();
  vi.advanceTimersByTime(1000);
  expect(ended).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('does not end early for a deadline beyond the maximum of a timer', () => {
  const days = 40 * 86_400_000;
  const { ended } = watched(performance.now() + days);
  vi.advanceTimersByTime(days - 1);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(ended).toEqual(['deadline_exceeded']);
});

test('rejects a request whose deadline has passed or whose signal is aborted', () => {
  expect(() => checkDeadline({ deadlineMs: performance.now() })).toThrow('deadline');
  expect(() => checkDeadline({ deadlineMs: performance.now() + 1, signal: AbortSignal.abort() })).toThrow(
    'the caller disconnected',
  );
  checkDeadline({ deadlineMs: performance.now() + 1, signal: new AbortController().signal });
});
