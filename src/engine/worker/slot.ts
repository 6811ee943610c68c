import type { Wanted } from '../../network/runner.ts';
import type { Generation } from '../../decoding/generation.ts';
import type { BatcherOptions } from './batcher-options.ts';
import type { Resume } from '../channel/messages.ts';

export interface BatchedSequence {
  readonly id: number;
  /** Steps still to be fed: ids [steps, idColumns], or features [steps, inputWidth]. */
  readonly input: Int32Array | Float32Array;
  readonly steps: 'last' | 'every';
  readonly output: 'output' | 'hidden';
  readonly generation: Generation | null;
  /** Where it stood when it left a slot before. */
  readonly resume: Resume | null;
  /** Bytes of reports that it may give before more are granted. */
  readonly windowBytes: number;
  /** Tokens or steps that are not reported: its reader has them. */
  readonly alreadyDelivered: number;
}

/** A sequence in a row of the batch. */
export interface Slot {
  readonly sequence: BatchedSequence;
  readonly outputKind: Wanted;
  /** Steps of its input, and how many of them are fed. */
  readonly inputSteps: number;
  stepsFed: number;
  /** Steps run in all. */
  stepsRun: number;
  tokens: number;
  nextId: number | null;
  /** Steps run since it joined. */
  stepsSinceJoin: number;
  readonly joinedAtMs: number;
  /** What is left of its window. A row whose window is used up rests. */
  windowBytes: number;
  /** When it began to rest. */
  stalledSinceMs: number;
}

/**
 * Rows of a causal network that make way for others, the highest first: those that have rested too long for their reader,
 * or at all while no row can run, then those that have had their turn, those that ran longest first.
 * @param count most rows
 */
export function rowsToPreempt(
  slots: readonly Slot[],
  count: number,
  {
    now,
    quantumSteps,
    maxStallMs,
  }: { readonly now: number } & Pick<BatcherOptions, 'quantumSteps' | 'maxStallMs'>,
): { readonly slot: Slot; readonly row: number }[] {
  const rests = (slot: Slot): boolean => slot.windowBytes <= 0;
  const allRest = slots.every(rests);
  return slots
    .map((slot, row) => ({
      slot,
      row,
      restedTooLong: rests(slot) && (allRest || now - slot.stalledSinceMs >= maxStallMs),
    }))
    .filter(({ slot, restedTooLong }) => restedTooLong || slot.stepsSinceJoin >= quantumSteps)
    .sort(
      (a, b) =>
        Number(b.restedTooLong) - Number(a.restedTooLong) || b.slot.stepsSinceJoin - a.slot.stepsSinceJoin,
    )
    .slice(0, count)
    .sort((a, b) => b.row - a.row);
}
