import type { Wanted } from '../../network/runner.ts';
import type { Generation } from '../../decoding/generation.ts';
import type { BatcherOptions } from './batcher-options.ts';
import type { Resume } from '../channel/messages.ts';

export interface BatchedSequence {
  readonly id: number;
  /** Steps still to be fed: ids [steps, idColumns], or features [steps, inputWidth]. */
  readonly input: Int32Array | Float32Array;
  readonly want: 'last' | 'every';
  readonly what: 'output' | 'hidden';
  readonly generation: Generation | null;
  /** Where it stood when it left a slot before. */
  readonly resume: Resume | null;
  /** Bytes of reports that it may give before more are granted. */
  readonly windowBytes: number;
  /** Tokens or steps that are not reported: its reader has them. */
  readonly given: number;
}

/** A sequence in a row of the batch. */
export interface Slot {
  readonly sequence: BatchedSequence;
  readonly what: Wanted;
  /** Steps of its input, and how many of them are fed. */
  readonly length: number;
  fed: number;
  /** Steps run in all. */
  step: number;
  tokens: number;
  nextId: number | null;
  /** Steps run since it joined. */
  ran: number;
  readonly joined: number;
  /** What is left of its window. A row whose window is used up rests. */
  windowBytes: number;
  /** When it began to rest. */
  restsSince: number;
}

/**
 * Rows of a causal network that make way for others, the highest first: those that have rested too long for their reader,
 * or at all while no row can run, then those that have had their turn, those that ran longest first.
 * @param count most rows
 */
export function rowsToPark(
  slots: readonly Slot[],
  count: number,
  { now, quantum, restMs }: { readonly now: number } & Pick<BatcherOptions, 'quantum' | 'restMs'>,
): { readonly slot: Slot; readonly row: number }[] {
  const rests = (slot: Slot): boolean => slot.windowBytes <= 0;
  const allRest = slots.every(rests);
  return slots
    .map((slot, row) => ({
      slot,
      row,
      restedTooLong: rests(slot) && (allRest || now - slot.restsSince >= restMs),
    }))
    .filter(({ slot, restedTooLong }) => restedTooLong || slot.ran >= quantum)
    .sort((a, b) => Number(b.restedTooLong) - Number(a.restedTooLong) || b.slot.ran - a.slot.ran)
    .slice(0, count)
    .sort((a, b) => b.row - a.row);
}
