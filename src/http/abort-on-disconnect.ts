import type { FastifyReply } from 'fastify';

/** Aborts when the caller hangs up before the whole answer was written. */
export function abortOnDisconnect(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  // it may have happened while the request was read: then nothing will tell
  if (reply.raw.closed) controller.abort();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
