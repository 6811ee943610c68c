import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { createTimeSlice } from '../time-slice.ts';
import { probeMs } from './half-closed.ts';
import { jsonChunks } from './json-chunks.ts';
import { toProblem } from './problem.ts';

// Server-sent events (WHATWG HTML, 9.2): each event has an id, and a comment is sent after a pause. The next
// event is requested when the socket has accepted the one before, so that a stream that is not read buffers
// one event.

export interface ServerEvent {
  /** Null for an event without a name. */
  readonly event: string | null;
  /** Counted from 0 where it is undefined; null for none. */
  readonly id?: number | null;
  /** A text is sent as it is. */
  readonly data: object | string;
}

export interface SseOptions {
  /** Milliseconds without an event before a comment is sent. */
  readonly pingMs: number;
  /** Resolves when the work is accepted, the first event at the latest. */
  readonly accepted?: Promise<unknown> | undefined;
  /** Called with an error after the stream has started. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Makes the event of such an error; by default `error` with a problem document. */
  readonly toErrorEvent?: ((error: unknown) => ServerEvent) | undefined;
}

/**
 * Formats an event, a large one in pieces.
 * @param id null for none
 * @throws TypeError if the name has a line break
 */
export function* formatEvent(
  id: number | null,
  event: string | null,
  data: object | string,
): Generator<string> {
  if (event !== null && /[\r\n]/.test(event)) throw new TypeError('event: must not contain a line break');
  let text = `${id === null ? '' : `id: ${id}\n`}${event === null ? '' : `event: ${event}\n`}data: `;
  for (const chunk of typeof data === 'string' ? [data] : jsonChunks(data)) {
    // the last piece is sent with the blank line that ends the event
    if (text.length > minPieceLength) {
      yield text;
      text = '';
    }
    text += chunk;
  }
  yield `${text}\n\n`;
}

const minPieceLength = 16_384;
export const firstComment = ': accepted\n\n';
export const pingComment = ': ping\n\n';

/**
 * Sends a stream of events: its headers and a comment as soon as the work is accepted, however long its first
 * event takes, since proxies and clients wait for them with a time limit of their own. An error before that is
 * thrown, so that the response is a problem document; a later error is sent as an `error` event, which ends
 * the stream. HEAD gets the headers alone, and no work begins.
 */
export async function sendEvents(
  reply: FastifyReply,
  events: AsyncGenerator<ServerEvent>,
  options: SseOptions,
): Promise<FastifyReply> {
  void reply
    .type('text/event-stream; charset=utf-8')
    // a proxy must not compress it either, which most do in blocks
    .header('cache-control', 'no-store, no-transform')
    .header('x-accel-buffering', 'no');
  if (reply.request.method === 'HEAD') {
    await events.return(undefined);
    return reply.send();
  }
  const first = events.next();
  await (options.accepted ? Promise.race([first, options.accepted]) : first);
  // a later failure is read from the stream, once its reader has begun
  first.catch(() => {});
  const stream = formatStream(events, first, options, reply.request.raw.socket);
  return reply.send(Readable.from(stream, { highWaterMark: 1 }));
}

/**
 * Yields the text of a stream.
 * @param first the first event, already requested
 * @param socket of the client, to which a comment is sent when it has closed its side: it may have left
 */
export async function* formatStream(
  events: AsyncGenerator<ServerEvent>,
  first: Promise<IteratorResult<ServerEvent>>,
  { pingMs, onError, toErrorEvent = toProblemEvent }: SseOptions,
  socket?: Pick<Socket, 'once' | 'off' | 'readableEnded'>,
): AsyncGenerator<string> {
  const slice = createTimeSlice();
  const idle = createIdleTimer(pingMs);
  const probe = (): void => idle.expireEvery(Math.min(pingMs, probeMs));
  if (socket?.readableEnded) probe();
  socket?.once('end', probe);
  let id = 0;
  let next = first;
  try {
    yield firstComment;
    for (;;) {
      const result = await idle.waitFor(next);
      if (result === null) {
        yield pingComment;
        continue;
      }
      if (result.done) return;
      const { event, data, id: eventId = id++ } = result.value;
      for (const text of formatEvent(eventId, event, data)) {
        yield text;
        // a client that reads everything at once must not block the event loop
        if (slice.due()) await slice.next();
      }
      next = events.next();
    }
  } catch (error) {
    onError?.(error);
    const { event, data, id: eventId = id } = toErrorEvent(error);
    yield* formatEvent(eventId, event, data);
  } finally {
    idle.stop();
    socket?.off('end', probe);
    await events.return(undefined);
  }
}

const toProblemEvent = (error: unknown): ServerEvent => ({ event: 'error', data: toProblem(error) });

interface IdleTimer {
  /** Resolves with the value, or with null after the timeout. */
  waitFor<T>(value: Promise<T>): Promise<T | null>;
  /** Changes the timeout. */
  expireEvery(timeoutMs: number): void;
  stop(): void;
}

/** Creates a timeout that is restarted for each event: one timer for a whole stream. */
function createIdleTimer(timeoutMs: number): IdleTimer {
  let expire = (): void => {};
  const start = (ms: number): NodeJS.Timeout => setTimeout(() => expire(), ms).unref();
  let timer = start(timeoutMs);
  return {
    waitFor: (value) =>
      new Promise((resolve, reject) => {
        expire = () => resolve(null);
        timer.refresh();
        value.then(resolve, reject);
      }),
    expireEvery(ms) {
      clearTimeout(timer);
      timer = start(ms);
    },
    stop: () => clearTimeout(timer),
  };
}
