import type { FastifyReply } from 'fastify';

/** Aborts when the caller hangs up before the whole answer was written. */
export function callerGone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
