import type { ServedModel } from '../repository/repository-interface.ts';
import type { Continuation } from '../tasks/continuation.ts';
import type { HeldSession } from './session-store.ts';
import type { Session } from './session.ts';
import type { ContinuedCall, SessionCall } from './session-call.ts';

/** Of a session, what is kept between calls: thousands of states beside those of the store would be moved by each collection. */
export type SessionPlace = Pick<Session, 'id' | 'ttlMs' | 'steps' | 'pendingId'>;

/** A session that one caller has for many calls, one after the other: it is looked up and held once for all of them. */
export interface SessionStream {
  readonly model: ServedModel;
  /** After the last call that has ended. */
  readonly session: SessionPlace;
  /** Aborts, with an UnrollError as its reason, when the session is deleted or another stream takes it over. */
  readonly ended: AbortSignal;
  /** Runs a task; the session is saved before this resolves. One at a time. */
  run<T>(call: SessionCall, work: (call: ContinuedCall) => Promise<T>): Promise<T>;
  /** Lets other calls have the session. To be called once, last. */
  close(completed: boolean): void;
}

export interface SessionStreamParts {
  readonly held: HeldSession;
  readonly model: ServedModel;
  readonly ended: AbortSignal;
  readonly continueFrom: (
    session: Session,
    model: ServedModel,
  ) => { continuation: Continuation; next: () => Session | null };
  /** Called when it is closed. */
  readonly release: () => void;
}

export function createSessionStream(parts: SessionStreamParts): SessionStream {
  const { held, model, ended, continueFrom, release } = parts;
  let session = toPlace(held.session);
  const count = model.statistics.startRequest();
  let lastMs = performance.now();
  let first = true;
  // once one of its calls is admitted, the next are not refused for load
  const group = {};
  return {
    model,
    ended,
    get session() {
      return session;
    },
    async run(call, work) {
      const { continuation, next } = continueFrom(held.session, model);
      const result = await work({ group, ...call, model, continuation });
      const after = next();
      if (after) {
        const saving = held.save(after);
        if (saving) await saving;
        session = toPlace(after);
      }
      const now = performance.now();
      model.statistics.recordEvent(now - lastMs, first);
      lastMs = now;
      first = false;
      return result;
    },
    close(completed) {
      count(completed);
      release();
    },
  };
}

const toPlace = ({ id, ttlMs, steps, pendingId }: Session): SessionPlace => ({ id, ttlMs, steps, pendingId });
