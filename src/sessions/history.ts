import { UnrollError } from '../errors.ts';
import { positionOf, type Point, type Session, type Stretch } from './session.ts';

// The last steps of a session. A point among them is reached by running again from the nearest one that is kept,
// which gives the same bits.

/** Steps after which another point is kept, so that a rewind runs no more than these again. */
const stretchSteps = 64;
/** Bytes of the last steps of a session, with the states between them. */
const maxBytes = 1 << 20;

/** Adds fed steps, and drops what is more than `keepSteps` back. */
export function extendHistory(
  { history, keepSteps }: Pick<Session, 'history' | 'keepSteps'>,
  added: Stretch,
): Stretch[] {
  if (keepSteps === 0) return [];
  const stretches = [...history];
  const last = stretches.at(-1);
  if (last && goesOn(last, added))
    stretches[stretches.length - 1] = {
      from: last.from,
      input: concat(last.input, added.input),
      steps: last.steps + added.steps,
    };
  else if (added.steps > 0) stretches.push(added);
  const end = added.from.steps + added.steps;
  const firstNeeded = stretches.findIndex(({ from, steps }) => from.steps + steps > end - keepSteps);
  return firstNeeded < 0 ? [] : fitBytes(stretches.slice(firstNeeded));
}

/** Whether fed steps make one stretch with those before. */
const goesOn = (last: Stretch, added: Stretch): boolean =>
  last.from.steps + last.steps === added.from.steps &&
  last.steps + added.steps <= stretchSteps &&
  last.input.byteLength + added.input.byteLength <= maxBytes / 8;

/** Drops the oldest until the others fit. */
function fitBytes(stretches: readonly Stretch[]): Stretch[] {
  let bytes = 0;
  const first = stretches.findLastIndex(({ from, input }) => {
    bytes += input.byteLength + (from.state?.byteLength ?? 0);
    return bytes > maxBytes;
  });
  return stretches.slice(first + 1);
}

/** How a point among the last steps is reached: from a kept one, by feeding steps again. */
export interface Replay {
  readonly from: Point;
  readonly input: Int32Array | Float32Array;
  /** The token that is pending there. */
  readonly pendingId: number | null;
  /** What is left of the history. */
  readonly history: readonly Stretch[];
}

/**
 * Finds the way back to a position.
 * @param width values of a step
 * @param generates whether the last token before a position is pending there
 * @param given what was asked for, for the message
 * @throws UnrollError invalid_request for a position that is not kept
 */
export function planReplay(
  session: Session,
  position: number,
  { width, generates }: { readonly width: number; readonly generates: boolean },
  given: { readonly position: number } | { readonly steps: number } = { position },
): Replay {
  const steps = generates ? position - 1 : position;
  const at = session.history.findLastIndex(
    ({ from, steps: count }) => from.steps <= steps && steps < from.steps + count + (generates ? 0 : 1),
  );
  const last = positionOf(session);
  const oldest = session.history[0];
  if (at < 0 || position > last || last - position > session.keepSteps) {
    const first = oldest && Math.max(last - session.keepSteps, positionOf(oldest.from));
    throw notKept(session.keepSteps, first, last, given);
  }
  const { from, input } = session.history[at]!;
  const fed = input.subarray(0, (steps - from.steps) * width);
  const before = session.history.slice(0, at);
  return {
    from,
    input: fed,
    pendingId: generates ? input[fed.length]! : null,
    history: fed.length === 0 ? before : [...before, { from, input: fed, steps: steps - from.steps }],
  };
}

/** @param first the earliest position that is kept; undefined where none is */
function notKept(
  keepSteps: number,
  first: number | undefined,
  last: number,
  given: { readonly position: number } | { readonly steps: number },
): UnrollError {
  const field = 'steps' in given ? 'steps' : 'position';
  const why =
    keepSteps === 0
      ? 'the session keeps no steps: create it with keep_steps, or set marks'
      : first === undefined
        ? 'the session has kept no steps since it was created, restored or rewound to a mark'
        : 'steps' in given
          ? `the session can be rewound by at most ${last - first}, was ${given.steps}`
          : `the session can be rewound to ${first} to ${last}, was ${given.position}`;
  return new UnrollError('invalid_request', `${field}: ${why}`, { field });
}

function concat<T extends Int32Array | Float32Array>(a: T, b: T): T {
  const joined = new (a.constructor as new (length: number) => T)(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
