import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { createTimeSlice } from '../time-slice.ts';
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
export const pingComment = ': ping\n\n';

/**
 * Sends a stream of events. An error before the first event is thrown, so that the response is a problem
 * document; a later error is sent as an `error` event, which ends the stream.
 */
export async function sendEvents(
  reply: FastifyReply,
  events: AsyncGenerator<ServerEvent>,
  options: SseOptions,
): Promise<FastifyReply> {
  const first = events.next();
  const idle = createIdleTimer(options.pingMs);
  await idle.waitFor(first).finally(() => idle.stop());
  return reply
    .type('text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no')
    .send(Readable.from(formatStream(events, first, options), { highWaterMark: 1 }));
}

/** Yields the text of a stream. @param first the first event, already requested */
export async function* formatStream(
  events: AsyncGenerator<ServerEvent>,
  first: Promise<IteratorResult<ServerEvent>>,
  { pingMs, onError, toErrorEvent = toProblemEvent }: SseOptions,
): AsyncGenerator<string> {
  const slice = createTimeSlice();
  const idle = createIdleTimer(pingMs);
  let id = 0;
  let next = first;
  try {
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
    await events.return(undefined);
  }
}

const toProblemEvent = (error: unknown): ServerEvent => ({ event: 'error', data: toProblem(error) });

interface IdleTimer {
  /** Resolves with the value, or with null after the timeout. */
  waitFor<T>(value: Promise<T>): Promise<T | null>;
  stop(): void;
}

/** Creates a timeout that is restarted for each event: one timer for a whole stream. */
function createIdleTimer(timeoutMs: number): IdleTimer {
  let expire = (): void => {};
  const timer = setTimeout(() => expire(), timeoutMs).unref();
  return {
    waitFor: (value) =>
      new Promise((resolve, reject) => {
        expire = () => resolve(null);
        timer.refresh();
        value.then(resolve, reject);
      }),
    stop: () => clearTimeout(timer),
  };
}
