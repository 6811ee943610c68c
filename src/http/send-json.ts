import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { createTimeSlice } from '../time-slice.ts';
import { jsonChunks } from './json-chunks.ts';

/**
 * Answers with a task's reply. The route's schema documents it and is not run: the reply was made by us, and checking a
 * long one takes longer than writing it. A short reply is sent at once; a long one is written as fast as its reader takes
 * it, so that it is never there as one text.
 */
export function sendJson(reply: FastifyReply, value: object): FastifyReply {
  void reply.type('application/json; charset=utf-8');
  const chunks = jsonChunks(value);
  const first = chunks.next().value as string;
  const second = chunks.next();
  return reply.send(second.done === true ? first : Readable.from(joined([first, second.value], chunks)));
}

/** Characters of what is written at once. */
const writeLength = 65_536;

async function* joined(begun: readonly string[], rest: Iterable<string>): AsyncGenerator<string> {
  const slice = createTimeSlice();
  let text = begun.join('');
  for (const chunk of rest) {
    text += chunk;
    if (text.length < writeLength) continue;
    yield text;
    text = '';
    // a reader that takes everything at once must not keep the event loop for itself
    if (slice.due()) await slice.next();
  }
  if (text !== '') yield text;
}
