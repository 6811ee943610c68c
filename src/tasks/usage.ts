import type { DoneEvent } from '../engine/delivery.ts';
import type { ServedModel } from '../repository/repository-interface.ts';

interface Usage {
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

/** What every reply begins with. @param inputs what was read, in any order */
export function headOf(
  { name, version }: ServedModel,
  ends: readonly DoneEvent[],
  inputs: readonly { readonly unknown: number }[],
): ReplyHead {
  const usage = {
    steps: ends.reduce((sum, { steps }) => sum + steps, 0),
    unknown: inputs.reduce((sum, { unknown }) => sum + unknown, 0),
    queued_ms: hundredths(Math.max(0, ...ends.map(({ queuedMs }) => queuedMs))),
    run_ms: hundredths(Math.max(0, ...ends.map(({ runMs }) => runMs))),
  };
  return { model: name, version, usage };
}
