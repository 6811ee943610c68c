import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';

// A connection that is closed while its client still sends is reset, and the client may lose a reply that it has
// not read. So the rest of a refused body is read and dropped before the end of the reply; the client has all of
// the reply before that.

/** Bytes, and milliseconds without any, after which the connection is closed nevertheless. */
const maxDroppedBytes = 64 * 1_048_576;
const maxIdleMs = 1000;

/** A reply that ends when the request has been received. */
export const sendThenDrop = (text: string, request: IncomingMessage): Readable =>
  Readable.from(textThenRest(text, request));

async function* textThenRest(text: string, request: IncomingMessage): AsyncGenerator<string> {
  yield text;
  let dropped = 0;
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), maxIdleMs).unref();
  request.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    timer.refresh();
    if (dropped > maxDroppedBytes) enough.abort();
  });
  // however it ends, the reply is complete
  await finished(request, { writable: false, signal: enough.signal }).catch(() => {});
  clearTimeout(timer);
}
