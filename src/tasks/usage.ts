import type { DoneEvent } from '../engine/delivery.ts';

export interface Usage {
  /** Steps that the network ran, over all sequences. */
  readonly steps: number;
  /** Tokens of the input that are not in the vocabulary. */
  readonly unknown: number;
  /** Milliseconds, of the sequence that waited, or ran, longest. */
  readonly queued_ms: number;
  readonly run_ms: number;
}

export interface ReplyHead {
  readonly model: string;
  readonly version: number;
  readonly usage: Usage;
}

const hundredths = (ms: number): number => Math.round(ms * 100) / 100;

export function usageOf(ends: readonly DoneEvent[], unknown: number): Usage {
  return {
    steps: ends.reduce((sum, { steps }) => sum + steps, 0),
    unknown,
    queued_ms: hundredths(Math.max(0, ...ends.map(({ queuedMs }) => queuedMs))),
    run_ms: hundredths(Math.max(0, ...ends.map(({ runMs }) => runMs))),
  };
}
