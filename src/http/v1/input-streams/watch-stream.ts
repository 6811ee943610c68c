import type { FastifyRequest } from 'fastify';
import { UnrollError } from '../../../errors.ts';
import { onAbort } from '../../../on-abort.ts';
import type { SessionStream } from '../../../sessions/session-stream.ts';
import { recheckCaller } from '../../plugins/authenticate.ts';

const maxTimerMs = 2 ** 31 - 1;
/** Between two looks at the caller's key. */
const recheckMs = 2000;

/**
 * What ends a stream besides its client: the server's end, the session's, the revocation of the caller's key, and a
 * pause as long as its time to live.
 */
export interface StreamWatch {
  /** Something has arrived. */
  touch(): void;
  stop(): void;
}

/** @param end called with the reason; the first counts */
export function watchStream(
  request: FastifyRequest,
  { ended, session, model }: Pick<SessionStream, 'ended' | 'session' | 'model'>,
  stopping: AbortSignal,
  end: (error: unknown) => void,
): StreamWatch {
  const idleMs = Math.min(session.ttlMs, maxTimerMs);
  const timer = setTimeout(() => {
    end(new UnrollError('request_timeout', `no input for ${idleMs / 1000} s, the ttl_s of the session`));
  }, idleMs).unref();
  const rechecking = setInterval(() => {
    const refusal = recheckCaller(request, model.name);
    if (refusal) end(refusal);
  }, recheckMs).unref();
  const stopListening = [
    onAbort(stopping, () =>
      end(
        new UnrollError(
          'shutting_down',
          'the server is shutting down; the session stands after the last answer',
        ),
      ),
    ),
    onAbort(ended, () => end(ended.reason)),
  ];
  return {
    touch: () => void timer.refresh(),
    stop() {
      clearTimeout(timer);
      clearInterval(rechecking);
      for (const stop of stopListening) stop();
    },
  };
}
