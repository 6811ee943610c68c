import { UnrollError } from '../errors.ts';
import type { NetworkLoad } from './network-load.ts';

// Who is let in. A server that takes more than it can do answers everybody late, so a sequence is refused at once when
// it cannot be answered by its deadline, or when most slots are taken and it would take longer than is reasonable.

/** Of a network's slots: with fewer sequences nobody is refused for its deadline, or for the time it would take. */
const freeForDeadlines = 0.25;
const freeForTime = 0.75;
const maxRetryAfterSeconds = 60;

export interface AdmissionLimits {
  /** Slots of one network in all workers. */
  readonly slots: number;
  /** Sequences that may wait beyond those in slots. */
  readonly queue: number;
  /** Milliseconds that a sequence may be expected to take while most slots are taken. */
  readonly maxExpectedMs: number;
}

/** @throws UnrollError overloaded, with the time after which there should be room */
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
    /** Another sequence of its request was admitted: then it is not turned away half done for the load. */
    readonly grouped: boolean;
  },
): void {
  const { sequences, networks, load, steps, leftMs, grouped } = state;
  const expectedMs = load.msUntilDone(steps);
  const refuse = (reason: string): never => {
    const clearMs = load.msUntilDone(0) ?? 0;
    const retryAfterSeconds = Math.min(maxRetryAfterSeconds, Math.max(1, Math.ceil(clearMs / 1000)));
    throw new UnrollError('overloaded', reason, { retryAfterSeconds });
  };
  // one network's callers cannot keep another's out altogether
  if (sequences >= queue + slots && load.sequences >= queue / networks)
    refuse(`${sequences} sequences are running or waiting, the limit is ${queue + slots}`);
  if (expectedMs === null || load.sequences < slots * freeForDeadlines) return;
  const took = `the answer is expected in ${Math.ceil(expectedMs)} ms`;
  if (expectedMs > leftMs) refuse(`${took}, the deadline is in ${Math.ceil(leftMs)} ms`);
  if (!grouped && expectedMs > maxExpectedMs && load.sequences >= slots * freeForTime)
    refuse(
      `${took}, the limit is ${maxExpectedMs} ms while ${load.sequences} sequences are running or waiting`,
    );
}
