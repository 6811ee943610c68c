import type { FastifyReply } from 'fastify';

/** Returns a signal that aborts when the client disconnects before the response has been written. */
export function abortOnDisconnect(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  // it may have disconnected while the request was read: then there is no event
  if (reply.raw.closed) controller.abort();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
