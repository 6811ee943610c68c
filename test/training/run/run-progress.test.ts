import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { RunMessage } from '../../../src/training/run/run-messages.ts';
import { createProgressReporter } from '../../../src/training/run/run-progress.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

it('reports only a speed that was measured: none with the first step', () => {
  const sent: RunMessage[] = [];
  const { stepped } = createProgressReporter(100, (message) => sent.push(message));
  for (let step = 1; step <= 10; step++) {
    stepped({ epoch: 0, step, loss: 1 });
    vi.advanceTimersByTime(100);
  }
  expect(sent).toEqual([
    expect.objectContaining({ step: 1, stepsPerSecond: 0, secondsLeft: null }),
    expect.objectContaining({ step: 4, stepsPerSecond: 10, secondsLeft: 9.6 }),
    expect.objectContaining({ step: 7, stepsPerSecond: 10, secondsLeft: 9.3 }),
    expect.objectContaining({ step: 10, stepsPerSecond: 10, secondsLeft: 9 }),
  ]);
});
