import { readBatches, createBatchTally, type BatchCount } from '../engine/worker/batch-tally.ts';
import type { Meter } from '../engine/engine-interface.ts';

// What one version of a model has been asked and has run. Reloads go on counting; it ends with the version.

/** How often, and how long altogether. */
export interface CallTotals {
  readonly count: number;
  readonly ms: number;
}

export interface StatisticsReport {
  /** Milliseconds since 1970 when it was last asked; 0 is never. */
  readonly lastRequestAt: number;
  /** Requests, from first to last. */
  readonly success: CallTotals;
  readonly fail: CallTotals;
  /** Sequences that ended: waiting for a slot, and in it. */
  readonly queue: CallTotals;
  readonly run: CallTotals;
  /** Requests of tensors: what lies before and after the model's own task. */
  readonly input: CallTotals;
  readonly output: CallTotals;
  readonly batches: readonly BatchCount[];
}

export interface ModelStatistics extends Meter {
  /** A request begins. @returns to be called when it is over */
  startRequest(): (ok: boolean) => void;
  recordTensors(inputMs: number, outputMs: number): void;
  report(): StatisticsReport;
}

export function createModelStatistics(): ModelStatistics {
  const none = (): { count: number; ms: number } => ({ count: 0, ms: 0 });
  const taken = {
    success: none(),
    fail: none(),
    queue: none(),
    run: none(),
    input: none(),
    output: none(),
  };
  const add = (to: keyof typeof taken, ms: number): void => {
    taken[to].count++;
    taken[to].ms += ms;
  };
  const batches = createBatchTally();
  let lastRequestAt = 0;
  return {
    batches,
    onSequenceEnd({ queuedMs, runMs }) {
      add('queue', queuedMs);
      add('run', runMs);
    },
    startRequest() {
      lastRequestAt = Date.now();
      const began = performance.now();
      return (ok) => add(ok ? 'success' : 'fail', performance.now() - began);
    },
    recordTensors(inputMs, outputMs) {
      add('input', inputMs);
      add('output', outputMs);
    },
    report: () => ({ lastRequestAt, ...structuredClone(taken), batches: readBatches(batches) }),
  };
}
