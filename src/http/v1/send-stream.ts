import type { FastifyReply, FastifyRequest } from 'fastify';
import { UnrollError } from '../../errors.ts';
import type { AppParts } from '../parts.ts';
import { sendEvents, type ServerEvent } from '../sse.ts';

/**
 * Sends events as a stream and measures it: the time to the first event, the time between events, the open
 * streams.
 * @param accepted resolves when the headers can be sent; the first event at the latest
 */
export async function sendStream(
  { metrics, options }: AppParts,
  request: FastifyRequest,
  reply: FastifyReply,
  events: AsyncGenerator<ServerEvent>,
  accepted?: Promise<unknown>,
): Promise<FastifyReply> {
  const startMs = performance.now();
  // fastify, its plugins and this code all listen for the end of a stream: a few more listeners than node
  // expects
  reply.raw.setMaxListeners(20);
  if (!reply.raw.closed) {
    metrics.openStreams.inc();
    reply.raw.once('close', () => metrics.openStreams.dec());
  }
  return sendEvents(reply, events, {
    pingMs: options.pingMs,
    accepted,
    onEvent: (sinceMs) =>
      sinceMs === null
        ? metrics.firstToken.observe((performance.now() - startMs) / 1000)
        : metrics.interToken.observe(sinceMs / 1000),
    onError: (error) => {
      if (error instanceof UnrollError && ['cancelled', 'shutting_down'].includes(error.code))
        request.log.info({ code: error.code }, 'a stream ended early');
      else request.log.warn({ err: error }, 'a stream ended with an error');
    },
  });
}
