import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import type { TaskEvent } from '../tasks/context.ts';
import { problemOf } from './problem.ts';

// Server-sent events (WHATWG HTML, 9.2). One event an item, an id on each, a comment when nothing was said for a while.

export interface SseOptions {
  /** Milliseconds of silence before a comment. */
  readonly pingMs: number;
  /** Milliseconds since the one before, null for the first: for the metrics. */
  readonly onEvent?: ((sinceMs: number | null) => void) | undefined;
  /** A failure after the stream has begun. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** @param id null for an event that nobody comes back to @throws TypeError for a name that would break the framing */
export function frame(id: number | null, event: string, data: object): string {
  if (/[\r\n]/.test(event)) throw new TypeError('an event name holds no line break');
  return `${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

export const ping = ': ping\n\n';

/**
 * Answers with a stream. What fails before the first event is thrown, so that it is answered as a plain problem; what
 * fails later becomes an `error` event and the end.
 */
export async function sendEvents(
  reply: FastifyReply,
  events: AsyncGenerator<TaskEvent>,
  options: SseOptions,
): Promise<FastifyReply> {
  const first = events.next();
  await orPing(first, options.pingMs);
  return reply
    .type('text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no')
    .send(Readable.from(frames(events, first, options)));
}

/** The text of the stream, as it comes. */
export async function* frames(
  events: AsyncGenerator<TaskEvent>,
  first: Promise<IteratorResult<TaskEvent>>,
  { pingMs, onEvent, onError }: SseOptions,
): AsyncGenerator<string> {
  let id = 0;
  let last: number | null = null;
  let next = first;
  try {
    for (;;) {
      const result = await orPing(next, pingMs);
      if (result === 'ping') {
        yield ping;
        continue;
      }
      if (result.done) return;
      const now = performance.now();
      onEvent?.(last === null ? null : now - last);
      last = now;
      next = events.next();
      next.catch(() => {}); // it is awaited in the next round, which a caller who leaves never starts
      const { event, data, id: own = id++ } = result.value;
      yield frame(own, event, data);
    }
  } catch (error) {
    onError?.(error);
    yield frame(id, 'error', problemOf(error));
  } finally {
    await events.return(undefined);
  }
}

async function orPing<T>(value: Promise<T>, ms: number): Promise<T | 'ping'> {
  const timer = new AbortController();
  try {
    return await Promise.race([value, delay(ms, 'ping' as const, { signal: timer.signal, ref: false })]);
  } finally {
    timer.abort();
  }
}
