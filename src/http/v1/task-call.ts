import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Call, TaskEvent } from '../../tasks/context.ts';
import { UnrollError } from '../../errors.ts';
import { abortOnDisconnect } from '../abort-on-disconnect.ts';
import { sendEvents } from '../sse.ts';
import type { AppParts } from '../parts.ts';

/** What a task is told about the request it serves. */
export const callOf = (
  model: string,
  body: { timeout_ms?: number | undefined },
  reply: FastifyReply,
): Call => ({
  reference: model,
  signal: abortOnDisconnect(reply),
  timeoutMs: body.timeout_ms,
});

/** Sends a task's events, counted. */
export async function streamTask(
  { metrics, options }: AppParts,
  request: FastifyRequest,
  reply: FastifyReply,
  events: AsyncGenerator<TaskEvent>,
): Promise<FastifyReply> {
  const began = performance.now();
  // fastify, its plugins and ours all wait for the end of a stream: a few more than node expects of one object
  reply.raw.setMaxListeners(20);
  if (!reply.raw.closed) {
    metrics.openStreams.inc();
    reply.raw.once('close', () => metrics.openStreams.dec());
  }
  return sendEvents(reply, events, {
    pingMs: options.pingMs,
    onEvent: (sinceMs) =>
      sinceMs === null
        ? metrics.firstToken.observe((performance.now() - began) / 1000)
        : metrics.interToken.observe(sinceMs / 1000),
    onError: (error) => {
      if (error instanceof UnrollError && ['cancelled', 'shutting_down'].includes(error.code))
        request.log.info({ code: error.code }, 'a stream ended early');
      else request.log.warn({ err: error }, 'a stream ended with an error');
    },
  });
}
