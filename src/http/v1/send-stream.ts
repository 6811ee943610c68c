import type { FastifyReply, FastifyRequest } from 'fastify';
import { UnrollError } from '../../errors.ts';
import type { AppParts } from '../parts.ts';
import { toProblem } from '../problem.ts';
import type { ServerEvents } from '../server-event.ts';
import { sendEvents } from '../sse.ts';
import type { SseOptions } from '../write-events.ts';

/** When a stream's work is accepted: a refusal is known in the turn of its submission. */
export function createAcceptance(): { readonly accepted: Promise<void>; readonly onSubmitted: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { accepted: promise, onSubmitted: () => void setImmediate(resolve) };
}

/** Sends events as a stream, and counts the open ones. */
export async function sendStream(
  { metrics, options }: AppParts,
  request: FastifyRequest,
  reply: FastifyReply,
  events: ServerEvents,
  stream: Pick<SseOptions, 'accepted' | 'toErrorEvent'> = {},
): Promise<FastifyReply> {
  if (!reply.raw.closed) {
    metrics.openStreams.inc();
    reply.raw.once('close', () => metrics.openStreams.dec());
  }
  return sendEvents(reply, events, {
    pingMs: options.pingMs,
    ...stream,
    onError: (error) => {
      request.record.code = toProblem(error).code;
      if (error instanceof UnrollError && ['cancelled', 'shutting_down'].includes(error.code))
        request.log.info({ code: error.code }, 'a stream ended early');
      else request.log.warn({ err: error }, 'a stream ended with an error');
    },
  });
}
