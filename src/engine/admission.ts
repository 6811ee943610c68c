import { UnrollError } from '../errors.ts';
import type { NetworkLoad } from './network-load.ts';

// Which sequences are admitted. A server that admits more than it can do answers every caller late, so a sequence is refused
// at once when it cannot be answered by its deadline, or when no slot is free and it would have to wait for too long.

/** Share of a network's slots: with fewer sequences, none is refused for its deadline. */
const freeForDeadlines = 0.25;
/** A sequence may take this many times as long as it would with all slots taken and none waiting. */
const maxSlowdown = 1.25;
const maxRetryAfterSeconds = 60;

export interface AdmissionLimits {
  /** Slots of one network in all workers together. */
  readonly slots: number;
  /** Maximum sequences that wait besides those in slots. */
  readonly queue: number;
  /** Milliseconds: a sequence that is expected to take less is not refused for the time it takes. */
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
  const expectedMs = load.msUntilAnswered(steps);
  const refuse = (reason: string): never => {
    const clearMs = load.msUntilDone ?? 0;
    const retryAfterSeconds = Math.min(maxRetryAfterSeconds, Math.max(1, Math.ceil(clearMs / 1000)));
    throw new UnrollError('overloaded', reason, { retryAfterSeconds });
  };
  // a network with less than its share of the queue is admitted although the queue is full
  if (sequences >= queue + slots && load.sequences >= queue / networks)
    refuse(`${sequences} sequences are running or waiting, the limit is ${queue + slots}`);
  if (expectedMs === null || load.sequences < slots * freeForDeadlines) return;
  const took = `the answer is expected in ${Math.ceil(expectedMs)} ms`;
  if (expectedMs > leftMs) refuse(`${took}, the deadline is in ${Math.ceil(leftMs)} ms`);
  const limitMs = Math.max(maxExpectedMs, maxSlowdown * load.msWithAllSlots(steps)!);
  if (!grouped && expectedMs > limitMs && load.sequences >= slots)
    refuse(
      `${took}, the limit is ${Math.ceil(limitMs)} ms while ${load.sequences} sequences are running or waiting`,
    );
}
