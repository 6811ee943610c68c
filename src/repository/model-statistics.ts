import { readBatches, createBatchTally, type BatchCount } from '../engine/worker/batch-tally.ts';
import type { Meter } from '../engine/engine-interface.ts';

// Counters of one model version: requests, sequences, batches. They continue over reloads and end with the
// version.

/** Number of calls and their total duration. */
export interface CallTotals {
  readonly count: number;
  readonly ms: number;
}

export interface StatisticsReport {
  /** Time of the last request in milliseconds since 1970; 0 when there was none. */
  readonly lastRequestAt: number;
  /** Requests, from start to reply. */
  readonly success: CallTotals;
  readonly fail: CallTotals;
  /** Sequences that ended: time in the queue, and time in a slot. */
  readonly queue: CallTotals;
  readonly run: CallTotals;
  /** Tensor requests (Open Inference Protocol): conversion of the input and of the output. */
  readonly input: CallTotals;
  readonly output: CallTotals;
  readonly batches: readonly BatchCount[];
}

export interface ModelStatistics extends Meter {
  /** Records the start of a request. @returns a function to call at its end, with whether it succeeded */
  startRequest(): (ok: boolean) => void;
  /** Adds the conversion times of one tensor request. */
  recordTensors(inputMs: number, outputMs: number): void;
  report(): StatisticsReport;
}

export function createModelStatistics(): ModelStatistics {
  const zero = (): { count: number; ms: number } => ({ count: 0, ms: 0 });
  const totals = {
    success: zero(),
    fail: zero(),
    queue: zero(),
    run: zero(),
    input: zero(),
    output: zero(),
  };
  const add = (to: keyof typeof totals, ms: number): void => {
    totals[to].count++;
    totals[to].ms += ms;
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
      const startedAt = performance.now();
      return (ok) => add(ok ? 'success' : 'fail', performance.now() - startedAt);
    },
    /** Adds the conversion times of one tensor request. */
    recordTensors(inputMs, outputMs) {
      add('input', inputMs);
      add('output', outputMs);
    },
    report: () => ({ lastRequestAt, ...structuredClone(totals), batches: readBatches(batches) }),
  };
}
