import { readBatches, createBatchTally, type BatchCount } from '../engine/worker/batch-tally.ts';
import type { Meter } from '../engine/engine-interface.ts';
import {
  addDuration,
  createDurationHistogram,
  requestBounds,
  tokenBounds,
} from '../telemetry/duration-histogram.ts';
import type { ModelUsage } from '../telemetry/model-metrics.ts';

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
  /** Records an event of a stream. @param sinceMs time since the event before, or since the request for the first */
  recordEvent(sinceMs: number, first: boolean): void;
  /** The counters themselves, which continue to change. */
  readonly usage: ModelUsage;
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
  const usage = {
    success: totals.success,
    fail: totals.fail,
    steps: { count: 0 },
    request: createDurationHistogram(requestBounds),
    queue: createDurationHistogram(requestBounds),
    firstEvent: createDurationHistogram(requestBounds),
    nextEvent: createDurationHistogram(tokenBounds),
  };
  let batches: SharedArrayBuffer | null = null;
  let lastRequestAt = 0;
  return {
    usage,
    // thousands of versions may never be loaded
    get batches() {
      return (batches ??= createBatchTally());
    },
    onSequenceEnd({ queuedMs, runMs, steps }) {
      add('queue', queuedMs);
      add('run', runMs);
      addDuration(usage.queue, queuedMs);
      usage.steps.count += steps;
    },
    startRequest() {
      lastRequestAt = Date.now();
      const startedAt = performance.now();
      return (ok) => {
        const ms = performance.now() - startedAt;
        add(ok ? 'success' : 'fail', ms);
        addDuration(usage.request, ms);
      };
    },
    recordEvent: (sinceMs, first) => addDuration(first ? usage.firstEvent : usage.nextEvent, sinceMs),
    recordTensors(inputMs, outputMs) {
      add('input', inputMs);
      add('output', outputMs);
    },
    report: () => ({
      lastRequestAt,
      ...structuredClone(totals),
      batches: batches ? readBatches(batches) : [],
    }),
  };
}
