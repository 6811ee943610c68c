import type { ServedModel } from '../repository/repository-interface.ts';
import type { TaskContext } from '../tasks/context.ts';
import { createSession } from './create-session.ts';
import type { OpenStreams } from './open-streams.ts';
import type { HeldSession, SessionStore } from './session-store.ts';
import { createSessionStream, type SessionStream, type SessionStreamParts } from './session-stream.ts';
import type { Session, SessionOwner } from './session.ts';
import type { VersionKeeper } from './version-keeper.ts';

export interface StreamOpener {
  /**
   * Holds a session for many calls. Other calls are refused meanwhile; those that came before run first.
   * @param takeOver whether a stream that has the session ends first
   * @throws UnrollError session_streaming
   */
  open(id: string, caller: SessionOwner, takeOver: boolean): Promise<SessionStream>;
  /** The same with a new session, which ends with its stream. */
  openUnnamed(model: string, caller: SessionOwner): SessionStream;
}

interface StreamOpenerParts {
  /** @throws UnrollError session_not_found for that of another caller */
  readonly read: (id: string, caller: SessionOwner) => Promise<Session>;
  readonly store: Pick<SessionStore, 'hold'>;
  readonly versions: Pick<VersionKeeper, 'use'>;
  readonly streams: Pick<OpenStreams, 'enter' | 'requireNone'>;
  readonly continueFrom: SessionStreamParts['continueFrom'];
  readonly context: Pick<TaskContext, 'repository'>;
  readonly ttlSeconds: number;
}

export function createStreamOpener(parts: StreamOpenerParts): StreamOpener {
  const { read, store, versions, streams, continueFrom, context, ttlSeconds } = parts;
  return {
    async open(id, caller, takeOver) {
      await read(id, caller);
      if (!takeOver) await streams.requireNone(id);
      const place = streams.enter(id, takeOver);
      let held: HeldSession | null = null;
      try {
        const own = (held = await store.hold(id));
        const use = versions.use(own.session);
        const release = (): void => {
          use.done();
          own.release();
          place.leave();
        };
        return createSessionStream({
          held: own,
          model: use.model,
          ended: place.ended,
          continueFrom,
          release,
        });
      } catch (error) {
        held?.release();
        place.leave();
        throw error;
      }
    },

    openUnnamed(reference, caller) {
      const lease = context.repository.acquire(reference);
      try {
        let session = createSession(lease.model, { model: reference }, { caller, ttlSeconds });
        const release = (): void => lease.release();
        const held: HeldSession = {
          get session() {
            return session;
          },
          save: (next) => void (session = next),
          release,
        };
        const model = lease.model as ServedModel;
        const { signal: ended } = new AbortController();
        return createSessionStream({ held, model, ended, continueFrom, release });
      } catch (error) {
        lease.release();
        throw error;
      }
    },
  };
}
