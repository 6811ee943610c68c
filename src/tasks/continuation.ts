import { UnrollError } from '../errors.ts';
import type { FinalState } from '../engine/channel/messages.ts';
import type { SequenceRequest } from '../engine/engine-interface.ts';

/** The state after a call; `values` is null for the network's initial state. */
export type KeptState = Omit<FinalState, 'values'> & { readonly values: Float32Array | null };

/** Makes a call go on from the state of an earlier one, and keeps the state that it ends with. */
export interface Continuation {
  /** [stateFloats]; undefined for the network's initial state. */
  readonly from: Float32Array | undefined;
  /** Steps that were fed before. */
  readonly steps: number;
  /** The token to feed first: the one generated last, or a start token. */
  readonly pendingId: number | null;
  /** Called once, before the result is made. @param input what was fed, without what was generated */
  readonly keep: (state: KeptState, input: SequenceRequest['input']) => void;
}

/** All that was fed: the input, and the tokens that were generated and fed, of which only ids have any. */
export function joinFed<T extends SequenceRequest['input']>(input: T, fedIds: readonly number[]): T {
  if (fedIds.length === 0) return input;
  const fed = new Int32Array(input.length + fedIds.length);
  fed.set(input);
  fed.set(fedIds, input.length);
  return fed as T;
}

/** @throws UnrollError invalid_request unless there is one sequence */
export function requireOneSequence(count: number): void {
  if (count !== 1)
    throw new UnrollError(
      'invalid_request',
      `input: a state belongs to a single sequence, the request has ${count}`,
      { field: 'input' },
    );
}
