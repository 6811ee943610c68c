import type { DoneEvent } from '../engine/delivery.ts';

/** What a request used. */
export interface Usage {
  /** Steps that the network ran, over all sequences. */
  readonly steps: number;
  /** Steps that were not run, since a text that was read lately begins the same way. */
  readonly reusedSteps: number;
  /** Tokens of the input that are not in the vocabulary. */
  readonly unknown: number;
  /** Of the sequence that waited longest. */
  readonly queuedMs: number;
  /** Of the sequence that ran longest. */
  readonly runMs: number;
}

/** The common part of every task's result. */
export interface TaskResult {
  readonly usage: Usage;
}

/** @param inputs the sequences that were read, in any order */
export const measureUsage = (
  ends: readonly DoneEvent[],
  inputs: readonly { readonly unknown: number }[],
): Usage => ({
  steps: ends.reduce((sum, { steps }) => sum + steps, 0),
  reusedSteps: ends.reduce((sum, { reusedSteps = 0 }) => sum + reusedSteps, 0),
  unknown: inputs.reduce((sum, { unknown }) => sum + unknown, 0),
  queuedMs: Math.max(0, ...ends.map(({ queuedMs }) => queuedMs)),
  runMs: Math.max(0, ...ends.map(({ runMs }) => runMs)),
});
