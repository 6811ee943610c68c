import type { OutputKind } from '../../network/runner.ts';
import type { Generation } from '../../decoding/generation.ts';
import type { BatcherOptions } from './batcher-options.ts';
import type { InsideRequest, Resume, TextEvent } from '../channel/messages.ts';

/** A sequence as a batcher receives it. */
export interface BatchedSequence {
  readonly id: number;
  /** Steps still to be fed: ids [steps, idColumns], or features [steps, inputWidth]. */
  readonly input: Int32Array | Float32Array;
  readonly steps: 'last' | 'every';
  readonly output: 'output' | 'hidden' | 'best';
  readonly generation: Generation | null;
  /** The state that it starts from; null for the network's initial one. */
  readonly from: Float32Array | null;
  /** Whether its last report has its final state. */
  readonly keepState: boolean;
  /** Its state when it was preempted; null if it has not run. */
  readonly resume: Resume | null;
  /** Bytes of reports that may be sent before more are granted. */
  readonly windowBytes: number;
  /** Tokens or steps that the reader has received; they are not sent again. */
  readonly alreadyDelivered: number;
  readonly inside?: InsideRequest | undefined;
}

/** A sequence in a row of the batch. */
export interface Slot {
  readonly sequence: BatchedSequence;
  readonly outputKind: OutputKind;
  /** Steps of its input. */
  readonly inputSteps: number;
  /** Steps of its input that have been fed. */
  stepsFed: number;
  /** Steps run in total, those before a preemption included. */
  stepsRun: number;
  tokens: number;
  /** The text of its last tokens, where only the text is wanted and they have not been sent. */
  text: string;
  textTokens: number;
  nextId: number | null;
  /** The tokens that were generated and fed, where the final state is kept. */
  readonly fedIds: number[];
  /** Steps run since it entered the slot. */
  stepsSinceJoin: number;
  readonly joinedAtMs: number;
  /** Bytes left of its window. A row without any is stalled. */
  windowBytes: number;
  /** When its window was used up. */
  stalledSinceMs: number;
}

/** A slot for a sequence, which goes on where it was when it was preempted. */
export const createSlot = (
  sequence: BatchedSequence,
  { inputSteps, windowBytes, now }: Pick<Slot, 'inputSteps' | 'windowBytes'> & { readonly now: number },
): Slot => ({
  sequence,
  outputKind: sequence.generation ? 'logits' : sequence.output === 'hidden' ? 'hidden' : 'output',
  inputSteps,
  stepsFed: 0,
  stepsRun: sequence.resume?.step ?? 0,
  tokens: sequence.resume?.tokens ?? 0,
  text: '',
  textTokens: 0,
  nextId: sequence.resume?.nextId ?? null,
  fedIds: [...(sequence.resume?.fedIds ?? [])],
  stepsSinceJoin: 0,
  joinedAtMs: now,
  windowBytes,
  stalledSinceMs: now,
});

/** Tokens that are sent as one text: the engine knows the progress of a sequence to as many. */
const maxTextTokens = 256;
const maxTextLength = 4096;

/** Whether the text that a slot keeps is to be sent before its sequence leaves it. */
export const isTextDue = ({ text, textTokens }: Slot): boolean =>
  textTokens >= maxTextTokens || text.length >= maxTextLength;

/** Empties what a slot keeps. */
export function takeText(slot: Slot): TextEvent | null {
  const { text, textTokens } = slot;
  if (textTokens === 0) return null;
  slot.text = '';
  slot.textTokens = 0;
  return { kind: 'text', index: slot.tokens - textTokens, tokens: textTokens, text };
}

/**
 * Chooses the rows of a causal network to preempt: first those stalled for `maxStallMs`, or stalled at all
 * while no row can run, then those that have run `quantumSteps`, most steps first.
 * @param maxRows maximum number of rows
 * @returns in descending order of row
 */
export function rowsToPreempt(
  slots: readonly Slot[],
  maxRows: number,
  {
    now,
    quantumSteps,
    maxStallMs,
  }: { readonly now: number } & Pick<BatcherOptions, 'quantumSteps' | 'maxStallMs'>,
): { readonly slot: Slot; readonly row: number }[] {
  const isStalled = (slot: Slot): boolean => slot.windowBytes <= 0;
  const allStalled = slots.every(isStalled);
  return slots
    .map((slot, row) => ({
      slot,
      row,
      stalledTooLong: isStalled(slot) && (allStalled || now - slot.stalledSinceMs >= maxStallMs),
    }))
    .filter(({ slot, stalledTooLong }) => stalledTooLong || slot.stepsSinceJoin >= quantumSteps)
    .sort(
      (a, b) =>
        Number(b.stalledTooLong) - Number(a.stalledTooLong) || b.slot.stepsSinceJoin - a.slot.stepsSinceJoin,
    )
    .slice(0, maxRows)
    .sort((a, b) => b.row - a.row);
}
