import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { createTimeSlice } from '../time-slice.ts';
import { jsonChunks } from './json-chunks.ts';
import { toProblem } from './problem.ts';

// Server-sent events (WHATWG HTML, 9.2): an id on each event, a comment after every pause. The next event is asked for when
// the socket has taken the one before it, so that a stream that nobody reads holds one event.

export interface ServerEvent {
  readonly event: string;
  /** Counted from 0 where it is undefined; null for none. */
  readonly id?: number | null;
  readonly data: object;
}

export interface SseOptions {
  /** Milliseconds of silence before a comment. */
  readonly pingMs: number;
  /** Milliseconds since the one before, null for the first: for the metrics. */
  readonly onEvent?: ((sinceMs: number | null) => void) | undefined;
  /** A failure after the stream has begun. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** An event as text, a large one in pieces. @param id null for none @throws TypeError for a name that breaks the framing */
export function* formatEvent(id: number | null, event: string, data: object): Generator<string> {
  if (/[\r\n]/.test(event)) throw new TypeError('an event name holds no line break');
  let text = `${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: `;
  for (const chunk of jsonChunks(data)) {
    // the last piece goes out with the blank line that ends the event
    if (text.length > pieceLength) {
      yield text;
      text = '';
    }
    text += chunk;
  }
  yield `${text}\n\n`;
}

const pieceLength = 16_384;
export const pingComment = ': ping\n\n';

/**
 * Answers with a stream. What fails before the first event is thrown, so that it is answered as a plain problem; what
 * fails later becomes an `error` event and the end.
 */
export async function sendEvents(
  reply: FastifyReply,
  events: AsyncGenerator<ServerEvent>,
  options: SseOptions,
): Promise<FastifyReply> {
  const first = events.next();
  const silence = createSilence(options.pingMs);
  await silence.endOf(first).finally(() => silence.stop());
  return reply
    .type('text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no')
    .send(Readable.from(formatStream(events, first, options), { highWaterMark: 1 }));
}

/** The text of the stream, as it comes. */
export async function* formatStream(
  events: AsyncGenerator<ServerEvent>,
  first: Promise<IteratorResult<ServerEvent>>,
  { pingMs, onEvent, onError }: SseOptions,
): AsyncGenerator<string> {
  const slice = createTimeSlice();
  const silence = createSilence(pingMs);
  let id = 0;
  let last: number | null = null;
  let next = first;
  try {
    for (;;) {
      const result = await silence.endOf(next);
      if (result === null) {
        yield pingComment;
        continue;
      }
      if (result.done) return;
      const now = performance.now();
      onEvent?.(last === null ? null : now - last);
      last = now;
      const { event, data, id: own = id++ } = result.value;
      for (const text of formatEvent(own, event, data)) {
        yield text;
        // a reader that takes everything at once must not keep the event loop for itself
        if (slice.due()) await slice.next();
      }
      next = events.next();
    }
  } catch (error) {
    onError?.(error);
    yield* formatEvent(id, 'error', toProblem(error));
  } finally {
    silence.stop();
    await events.return(undefined);
  }
}

interface Silence {
  /** The value, or null when it does not come in time. */
  endOf<T>(value: Promise<T>): Promise<T | null>;
  stop(): void;
}

/** One timer for a whole stream. */
function createSilence(ms: number): Silence {
  let expire = (): void => {};
  const timer = setTimeout(() => expire(), ms).unref();
  return {
    endOf: (value) =>
      new Promise((resolve, reject) => {
        expire = () => resolve(null);
        timer.refresh();
        value.then(resolve, reject);
      }),
    stop: () => clearTimeout(timer),
  };
}
