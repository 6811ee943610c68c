import { afterEach, expect, it, vi } from 'vitest';
import type { RunMessage } from '../../../src/training/run/run-messages.ts';
import { createProgressReporter } from '../../../src/training/run/run-progress.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it('the first progress of a run counts the time since its start, not a guess', () => {
  let now = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const sent: RunMessage[] = [];
  const progress = createProgressReporter(100, (message) => sent.push(message));
  now = 1500;
  progress.stepped({ epoch: 0, step: 1, loss: 2 });
  now = 1600;
  progress.stepped({ epoch: 0, step: 2, loss: 2 });
  now = 2000;
  progress.stepped({ epoch: 0, step: 3, loss: 2 });
  expect(sent).toMatchObject([
    { step: 1, steps: 100, stepsPerSecond: 2, secondsLeft: 49.5 },
    { step: 3, stepsPerSecond: 3 },
  ]);
});
