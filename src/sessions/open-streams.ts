import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError } from '../errors.ts';
import { toOwnId } from './session-id.ts';

/** A session's stream, from before it waits for the calls before it until it has let go of the session. */
export interface StreamPlace {
  /** Aborts, with an UnrollError as its reason, when the stream has to end. */
  readonly ended: AbortSignal;
  leave(): void;
}

/** The sessions of this server that a stream has. */
export interface OpenStreams {
  /**
   * @param takeOver whether a stream that has the session ends first
   * @throws UnrollError session_streaming
   */
  enter(id: string, takeOver: boolean): StreamPlace;
  /**
   * For calls that would wait as long as a stream lasts. One that its client has just closed is waited for: the
   * client may know of it before the server does.
   * @throws UnrollError session_streaming
   */
  requireNone(id: string): Promise<void>;
  /** Ends the stream of a session, if there is one. */
  end(id: string, reason: UnrollError): void;
}

/** For a stream whose client has closed it to end on the server too. */
const closingMs = 250;

export function createOpenStreams(): OpenStreams {
  const streams = new Map<string, { readonly controller: AbortController; readonly left: Promise<void> }>();
  const refuse = (id: string): void => {
    if (streams.has(id))
      throw new UnrollError(
        'session_streaming',
        `a stream has the session ${toOwnId(id)}: end it first, or open another with take_over=true`,
      );
  };
  return {
    enter(id, takeOver) {
      if (!takeOver) refuse(id);
      streams
        .get(id)
        ?.controller.abort(
          new UnrollError('session_lost', `another stream took over the session ${toOwnId(id)}`),
        );
      const controller = new AbortController();
      const { promise: left, resolve } = Promise.withResolvers<void>();
      const own = { controller, left };
      streams.set(id, own);
      return {
        ended: controller.signal,
        leave() {
          if (streams.get(id) === own) streams.delete(id);
          resolve();
        },
      };
    },
    async requireNone(id) {
      const stream = streams.get(id);
      if (stream) await Promise.race([stream.left, delay(closingMs, undefined, { ref: false })]);
      refuse(id);
    },
    end: (id, reason) => streams.get(id)?.controller.abort(reason),
  };
}
