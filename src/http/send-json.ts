import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { createTimeSlice } from '../time-slice.ts';
import { compressReply, minCompressedBytes } from './compress-reply.ts';
import { jsonChunks } from './json-chunks.ts';

/**
 * Sends a task's reply as JSON. The route's schema documents the reply and is not run: validating a long
 * reply takes longer than writing it. A short reply is sent at once; a long one is written as fast as its
 * client reads it, so that its whole text is never in memory.
 * @param gzip whether it is compressed, unless it is short
 */
export function sendJson(reply: FastifyReply, value: object, gzip = false): FastifyReply {
  void reply.type('application/json; charset=utf-8');
  const chunks = jsonChunks(value);
  const first = chunks.next().value as string;
  const second = chunks.next();
  if (second.done === true && !(gzip && first.length >= minCompressedBytes)) return reply.send(first);
  const head = second.done === true ? [first] : [first, second.value];
  const text = Readable.from(mergeChunks(head, chunks));
  return reply.send(gzip ? compressReply(reply, text) : text);
}

/** Minimum characters of a write, except the last. */
const minWriteLength = 65_536;

async function* mergeChunks(first: readonly string[], rest: Iterable<string>): AsyncGenerator<string> {
  const slice = createTimeSlice();
  let text = first.join('');
  for (const chunk of rest) {
    text += chunk;
    if (text.length < minWriteLength) continue;
    yield text;
    text = '';
    // a client that reads everything at once must not block the event loop
    if (slice.due()) await slice.next();
  }
  if (text !== '') yield text;
}
