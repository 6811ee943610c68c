import { UnrollError } from '../errors.ts';

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
  /** For calls that would wait as long as a stream lasts. @throws UnrollError session_streaming */
  requireNone(id: string): void;
  /** Ends the stream of a session, if there is one. */
  end(id: string, reason: UnrollError): void;
}

export function createOpenStreams(): OpenStreams {
  const streams = new Map<string, AbortController>();
  const requireNone = (id: string): void => {
    if (streams.has(id))
      throw new UnrollError(
        'session_streaming',
        `a stream has the session ${id}: end it first, or open another with take_over=true`,
      );
  };
  return {
    enter(id, takeOver) {
      if (!takeOver) requireNone(id);
      streams.get(id)?.abort(new UnrollError('session_lost', `another stream took over the session ${id}`));
      const controller = new AbortController();
      streams.set(id, controller);
      return {
        ended: controller.signal,
        leave: () => void (streams.get(id) === controller && streams.delete(id)),
      };
    },
    requireNone,
    end: (id, reason) => streams.get(id)?.abort(reason),
  };
}
