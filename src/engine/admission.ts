import { UnrollError } from '../errors.ts';
import type { NetworkLoad } from './network-load.ts';

// Admission control. A server that accepts more work than it can do is late for every caller, so a sequence
// is rejected at once when it cannot finish by its deadline, or when most slots are in use and it would take
// too long.

/** Share of a network's slots below which no sequence is rejected for its deadline. */
const minShareForDeadlines = 0.25;
/** Share of a network's slots below which no sequence is rejected for its expected time. */
const minShareForTime = 0.75;
const maxRetryAfterSeconds = 60;

export interface AdmissionLimits {
  /** Slots of one network in all workers together. */
  readonly slots: number;
  /** Maximum sequences that wait besides those in slots. */
  readonly queue: number;
  /** Maximum expected milliseconds of a sequence while most slots are in use. */
  readonly maxExpectedMs: number;
}

/** @throws UnrollError overloaded when the sequence is rejected, with the time after which to retry */
export function checkCapacity(
  { slots, queue, maxExpectedMs }: AdmissionLimits,
  state: {
    /** Sequences in the engine. */
    readonly sequences: number;
    readonly networks: number;
    readonly load: NetworkLoad;
    /** Steps that the sequence is expected to need. */
    readonly steps: number;
    /** Milliseconds to its deadline. */
    readonly leftMs: number;
    /** Another sequence of its request was admitted: then it is not rejected for its expected time. */
    readonly grouped: boolean;
  },
): void {
  const { sequences, networks, load, steps, leftMs, grouped } = state;
  const expectedMs = load.msUntilDone(steps);
  const reject = (reason: string): never => {
    const emptyMs = load.msUntilDone(0) ?? 0;
    const retryAfterSeconds = Math.min(maxRetryAfterSeconds, Math.max(1, Math.ceil(emptyMs / 1000)));
    throw new UnrollError('overloaded', reason, { retryAfterSeconds });
  };
  // a network with less than its share of the queue is admitted although the queue is full
  if (sequences >= queue + slots && load.sequences >= queue / networks)
    reject(`${sequences} sequences are running or waiting, the limit is ${queue + slots}`);
  if (expectedMs === null || load.sequences < slots * minShareForDeadlines) return;
  const expected = `the result is expected in ${Math.ceil(expectedMs)} ms`;
  if (expectedMs > leftMs) reject(`${expected}, the deadline is in ${Math.ceil(leftMs)} ms`);
  if (!grouped && expectedMs > maxExpectedMs && load.sequences >= slots * minShareForTime)
    reject(
      `${expected}, the limit is ${maxExpectedMs} ms while ${load.sequences} sequences are running or waiting`,
    );
}
