import { stepWidth } from '../engine/network-info.ts';
import type { Call, TaskContext } from '../tasks/context.ts';
import type { KeptState } from '../tasks/continuation.ts';
import { collectOutputs, runSequences } from '../tasks/run-sequences.ts';
import { planReplay } from './history.ts';
import { positionOf, type Session } from './session.ts';
import { requireMark } from './marks.ts';

/** A mark, a position, or a number of steps back. */
export type RewindTo = { readonly mark: string } | { readonly position: number } | { readonly steps: number };

/** The session as it was. @throws UnrollError mark_not_found, invalid_request for a position that is not kept */
export async function rewind(
  context: TaskContext,
  call: Omit<Call, 'continuation'>,
  session: Session,
  to: RewindTo,
  generates: boolean,
): Promise<Session> {
  if ('mark' in to) {
    const { steps, pendingId, state } = requireMark(session, to.mark);
    return { ...session, steps, pendingId, state, history: [] };
  }
  const last = positionOf(session);
  const position = 'position' in to ? to.position : last - to.steps;
  if (position === last) return session;
  const width = stepWidth(call.model.network.info);
  const { from, input, pendingId, history } = planReplay(session, position, { width, generates }, to);
  const state = input.length === 0 ? from.state : await replay(context, call, from.state, input);
  return { ...session, steps: from.steps + input.length / width, pendingId, state, history };
}

/** Feeds steps again. @returns the state after them */
async function replay(
  context: TaskContext,
  call: Omit<Call, 'continuation'>,
  from: Float32Array | null,
  input: Int32Array | Float32Array,
): Promise<Float32Array | null> {
  let state: Float32Array | null = null;
  const keep = ({ values }: KeptState): void => void (state = values);
  const continuation = { from: from ?? undefined, steps: 0, pendingId: null, keep };
  const submission = { network: call.model.network, input, steps: 'last', output: 'hidden' } as const;
  await runSequences(context, { ...call, continuation }, [submission], collectOutputs);
  return state;
}
