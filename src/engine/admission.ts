import { UnrollError } from '../errors.ts';
import type { NetworkLoad } from './network-load.ts';

// Which sequences are admitted. A server that admits more than it can do answers every caller late, so a sequence is refused
// at once when it cannot be answered by its deadline, or when the slots for long sequences are taken and it is one.

/** Share of a network's slots: with fewer sequences, none is refused for its deadline. */
const freeForDeadlines = 0.25;
/**
 * Share of a network's slots for sequences that take long; the rest is for short ones. More rows in a step add
 * little to what a network does in a second, and much to the time of each sequence.
 */
const longShare = 0.75;
const maxRetryAfterSeconds = 60;

export interface AdmissionLimits {
  /** Slots of one network in all workers together. */
  readonly slots: number;
  /** Maximum sequences that wait besides those in slots. */
  readonly queue: number;
  /** Milliseconds: a sequence that is expected to take longer is a long one. */
  readonly maxExpectedMs: number;
}

/**
 * Decides about a sequence. A refusal is returned, not thrown: under overload most requests end in one, and V8 looks
 * up the place of every throw in the source.
 * @returns null when the sequence is admitted, or the error overloaded, with the time after which to retry
 */
export function findOverload(
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
): UnrollError | null {
  const { sequences, networks, load, steps, leftMs, grouped } = state;
  const expectedMs = load.msUntilAnswered(steps);
  const refuse = (reason: string): UnrollError => {
    const clearMs = load.msUntilDone ?? 0;
    const retryAfterSeconds = Math.min(maxRetryAfterSeconds, Math.max(1, Math.ceil(clearMs / 1000)));
    return new UnrollError('overloaded', reason, { retryAfterSeconds });
  };
  // a network with less than its share of the queue is admitted although the queue is full
  if (sequences >= queue + slots && load.sequences >= queue / networks)
    return refuse(`${sequences} sequences are running or waiting, the limit is ${queue + slots}`);
  if (expectedMs === null || load.sequences < slots * freeForDeadlines) return null;
  if (expectedMs > leftMs)
    return refuse(
      `the answer is expected in ${Math.ceil(expectedMs)} ms, the deadline is in ${Math.ceil(leftMs)} ms`,
    );
  const sharedMs = load.msUnderSteadyLoad(steps)!;
  if (!grouped && sharedMs > maxExpectedMs && load.sequences >= longShare * slots)
    return refuse(
      `the answer is expected in ${Math.ceil(sharedMs)} ms, the limit is ${maxExpectedMs} ms while ${load.sequences} sequences are running or waiting`,
    );
  return null;
}
