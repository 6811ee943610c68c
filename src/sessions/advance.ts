import { stepWidth, type NetworkInfo } from '../engine/network-info.ts';
import { joinFed, type KeptState } from '../tasks/continuation.ts';
import { extendHistory } from './history.ts';
import type { Point, Session } from './session.ts';

type Fed = Int32Array | Float32Array;

/** The point after fed steps. @param fed all of them, those generated too */
export const advancePoint = (
  { steps }: Pick<Point, 'steps'>,
  { values, nextId }: KeptState,
  fed: Fed,
  info: NetworkInfo,
): Point => ({ steps: steps + fed.length / stepWidth(info), pendingId: nextId, state: values });

/** The session after a task. @param input what was fed, without what was generated */
export function advanceSession(session: Session, kept: KeptState, input: Fed, info: NetworkInfo): Session {
  const fed = joinFed(input, kept.fedIds);
  const point = advancePoint(session, kept, fed, info);
  const stretch = { from: session, input: fed, steps: point.steps - session.steps };
  return { ...session, ...point, history: extendHistory(session, stretch) };
}
