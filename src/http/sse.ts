import type { FastifyReply } from 'fastify';
import type { OutgoingHttpHeaders } from 'node:http';
import type { ServerEvent, ServerEvents } from './server-event.ts';
import { writeEvents, type SseOptions } from './write-events.ts';

// Server-sent events (WHATWG HTML, 9.2): each event has an id, and a comment is sent after a pause.

/**
 * Sends a stream of events: its headers and a comment as soon as the work is accepted, however long its first
 * event takes, since proxies and clients wait for them with a time limit of their own. An error before that is
 * thrown, so that the response is a problem document; a later error is sent as an `error` event, which ends
 * the stream. HEAD gets the headers alone, and no work begins.
 */
export async function sendEvents(
  reply: FastifyReply,
  events: ServerEvents,
  options: SseOptions,
): Promise<FastifyReply> {
  void reply
    .type('text/event-stream; charset=utf-8')
    // a proxy must not compress it either, which most do in blocks
    .header('cache-control', 'no-store, no-transform')
    .header('x-accel-buffering', 'no');
  if (reply.request.method === 'HEAD') {
    await events.close();
    return reply.send();
  }
  const arrived = new Promise<void>((resolve) => events.listen(resolve));
  await (options.accepted ? Promise.race([arrived, options.accepted]) : arrived);
  const first = takeFirst(events);
  reply.hijack();
  reply.raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders);
  writeEvents(reply.raw, reply.request.raw.socket, events, first, options);
  return reply;
}

function takeFirst(events: ServerEvents): ServerEvent | Promise<ServerEvent> | null {
  try {
    return events.take();
  } catch (error) {
    void events.close();
    throw error;
  }
}
