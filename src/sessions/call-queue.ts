import { UnrollError } from '../errors.ts';
import { toOwnId } from './session-id.ts';

/** Calls of one session, one after the other in their order. Null in a session while it has none. */
export interface CallQueue {
  /** Resolves when it is this call's turn. @throws UnrollError session_busy, session_ending */
  enter(): Promise<void>;
  /** Ends the turn. @returns whether no call is left, and others may come */
  leave(): boolean;
  /** Rejects the calls that wait, and all later ones. Resolves when the one that runs has ended. */
  end(): Promise<void>;
}

const maxWaiting = 64;

/** Creates the queue with the first call in its turn. */
export function createCallQueue(id: string): CallQueue {
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  let ending = false;
  const left = Promise.withResolvers<void>();
  const endingError = (): UnrollError =>
    new UnrollError('session_ending', `the session ${toOwnId(id)} is being deleted`);
  return {
    enter() {
      if (ending) return Promise.reject(endingError());
      if (waiting.length >= maxWaiting)
        return Promise.reject(
          new UnrollError(
            'session_busy',
            `the session ${toOwnId(id)} has ${maxWaiting} calls that wait, which is the limit`,
            { retryAfterSeconds: 1 },
          ),
        );
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    leave() {
      const next = waiting.shift();
      if (next) next.resolve();
      else left.resolve();
      return next === undefined && !ending;
    },
    end() {
      ending = true;
      for (const { reject } of waiting.splice(0)) reject(endingError());
      return left.promise;
    },
  };
}
