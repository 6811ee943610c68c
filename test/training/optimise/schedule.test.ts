import { describe, expect, it } from 'vitest';
import { createBestTracker } from '../../../src/training/optimise/early-stopping.ts';
import { createSchedule, scheduleSpec } from '../../../src/training/optimise/schedule.ts';
import type { z } from 'zod';

const computeRates = (spec: z.input<typeof scheduleSpec>, steps: readonly number[]): number[] => {
  const schedule = createSchedule(scheduleSpec.parse(spec), 100);
  return steps.map((step) => Number(schedule.rate(step, 2).toPrecision(6)));
};

describe('schedules of a run of 100 steps at a rate of 2', () => {
  it.each([
    ['constant', { type: 'constant' }, [0, 50, 99], [2, 2, 2]],
    ['warm-up', { type: 'constant', warm_up: 0.1 }, [0, 5, 10, 99], [0, 1, 2, 2]],
    ['step', { type: 'step', every: 0.25, gamma: 0.1 }, [0, 24, 25, 50, 99], [2, 2, 0.2, 0.02, 0.002]],
    ['cosine to a floor', { type: 'cosine', floor: 0.2, warm_up: 0.1 }, [5, 10, 55, 100], [1, 2, 1.2, 0.4]],
    ['one cycle', { type: 'one_cycle', peak_at: 0.3 }, [0, 30, 100], [0.08, 2, 0.000008]],
  ] as const)('%s', (_, spec, steps, rates) => {
    expect(computeRates(spec, steps)).toEqual(rates);
  });

  it('plateau: reduces the rate after `patience` evaluations, also after restoring its state', () => {
    const spec = scheduleSpec.parse({ type: 'plateau', factor: 0.5, patience: 2, floor: 0.3 });
    let schedule = createSchedule(spec, 100);
    const rates = [3, 2, 2.5, 2.5, 2.4, 2.4, 2.4, 1].map((score, i) => {
      if (i === 3) {
        const kept = JSON.parse(JSON.stringify(schedule.state())) as ReturnType<typeof schedule.state>;
        schedule = createSchedule(spec, 100);
        schedule.restore(kept);
      }
      schedule.record(score, true);
      return schedule.rate(50, 1);
    });
    expect(rates).toEqual([1, 1, 1, 0.5, 0.5, 0.3, 0.3, 0.3]);
  });
});

describe('early stopping', () => {
  it('tracks the best score of metrics to minimise and to maximise', () => {
    const lower = createBestTracker(true, null);
    expect([3, 4, 2, 2].map((score, step) => lower.record(step, score))).toEqual([
      'better',
      'worse',
      'better',
      'worse',
    ]);
    const higher = createBestTracker(false, null);
    expect([3, 4, 2].map((score, step) => higher.record(step, score))).toEqual(['better', 'better', 'worse']);
  });
  it('stops after `patience` evaluations, also after restoring its state', () => {
    const scores = [3, NaN, Infinity, 4];
    let best = createBestTracker(true, 3);
    const verdicts = scores.map((score, step) => {
      const kept = JSON.parse(JSON.stringify(best.state())) as ReturnType<typeof best.state>;
      best = createBestTracker(true, 3);
      best.restore(kept);
      return best.record(step, score);
    });
    expect(verdicts).toEqual(['better', 'worse', 'worse', 'stop']);
  });
});
