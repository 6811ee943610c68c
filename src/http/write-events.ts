import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { nextTurn, sliceMs } from '../time-slice.ts';
import { formatEvent, formatSmallEvent } from './format-event.ts';
import { takeOverChunks } from './chunked-body.ts';
import { probeMs } from './half-closed.ts';
import { toProblem } from './problem.ts';
import type { ServerEvent, ServerEvents } from './server-event.ts';

// Writes events to a response as they arrive: those that arrived together in one write, without a promise, a timer or a
// generator for each. Nothing is taken from the source while the socket accepts no more, so that a stream that is not
// read buffers what the socket holds and one event.

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

export const firstComment = ': accepted\n\n';
export const pingComment = ': ping\n\n';

/** Characters that are collected before they are written. */
const maxWriteLength = 16_384;
/** Events, or pieces of a large one, after which the time is looked at. */
const eventsPerCheck = 8;

type Output = Pick<
  ServerResponse,
  'write' | 'end' | 'on' | 'once' | 'off' | 'closed' | 'destroyed' | 'writableNeedDrain' | 'chunkedEncoding'
>;

/**
 * @param output whose headers must be written
 * @param socket of the client, to which a comment is sent when it has closed its side: it may have left
 * @param first the first event, where it was taken already
 */
export function writeEvents(
  output: Output,
  socket: Pick<Socket, 'once' | 'off' | 'readableEnded'>,
  events: ServerEvents,
  first: ServerEvent | Promise<ServerEvent> | null,
  { pingMs, onError, toErrorEvent = toProblemEvent }: SseOptions,
): void {
  const body = takeOverChunks(output);
  const idle = createIdleTimer(pingMs, () => {
    if (!output.writableNeedDrain) body.write(pingComment);
  });
  let text = firstComment;
  let id = 0;
  /** The rest of a large event. */
  let pieces: Iterator<string> | null = null;
  let failed = false;
  /** While a promise is awaited, or another turn of the event loop. */
  let paused = false;
  let closed = false;

  const probe = (): void => idle.expireEvery(Math.min(pingMs, probeMs));
  if (socket.readableEnded) probe();
  socket.once('end', probe);
  output.once('close', stop);
  output.on('drain', write);
  events.listen(write);
  if (output.closed || output.destroyed) return stop();
  if (first !== null) add(first);
  write();

  function stop(): void {
    if (closed) return;
    closed = true;
    idle.stop();
    socket.off('end', probe);
    output.off('close', stop);
    output.off('drain', write);
    void events.close();
  }

  /** Writes what has arrived, until the socket accepts no more. */
  function write(): void {
    if (closed || paused) return;
    const startedAtMs = performance.now();
    try {
      for (let made = 1; !paused && !output.writableNeedDrain; made++) {
        if (text.length >= maxWriteLength) flush(startedAtMs);
        if (!addNext()) break;
        // a client that reads everything at once must not block the event loop
        if (made % eventsPerCheck === 0 && performance.now() - startedAtMs >= sliceMs)
          resumeAfter(nextTurn());
      }
    } catch (error) {
      fail(error);
    }
    flush(startedAtMs);
    if (!paused && pieces === null && (failed || events.ended)) {
      stop();
      body.end();
    }
  }

  function flush(nowMs: number): void {
    if (text === '') return;
    body.write(text);
    text = '';
    idle.restart(nowMs);
  }

  /** @returns whether there was something */
  function addNext(): boolean {
    if (pieces) {
      const { done, value } = pieces.next();
      if (done) pieces = null;
      else text += value;
      return true;
    }
    const event = failed ? null : events.take();
    if (event === null) return false;
    add(event);
    return true;
  }

  function add(event: ServerEvent | Promise<ServerEvent>): void {
    if (event instanceof Promise) return resumeAfter(event.then(add));
    const { event: name, data, id: eventId = id++ } = event;
    const small = formatSmallEvent(eventId, name, data);
    if (small === null) pieces = formatEvent(eventId, name, data);
    else text += small;
  }

  function resumeAfter(done: Promise<void>): void {
    paused = true;
    done.catch(fail).finally(() => {
      paused = false;
      write();
    });
  }

  function fail(error: unknown): void {
    if (failed || closed) return;
    failed = true;
    onError?.(error);
    const { event, data, id: eventId = id } = toErrorEvent(error);
    pieces = formatEvent(eventId, event, data);
    // not while write() runs, which writes them
    queueMicrotask(write);
  }
}

const toProblemEvent = (error: unknown): ServerEvent => ({ event: 'error', data: toProblem(error) });

interface IdleTimer {
  /** Starts the time again. */
  restart(nowMs: number): void;
  /** Changes the time. */
  expireEvery(ms: number): void;
  stop(): void;
}

/** Calls `expired` after each time without an event: one timer for a whole stream, which looks when the last was. */
function createIdleTimer(timeoutMs: number, expired: () => void): IdleTimer {
  let everyMs = timeoutMs;
  let lastMs = performance.now();
  const start = (ms: number): NodeJS.Timeout => setTimeout(check, ms).unref();
  let timer = start(everyMs);
  function check(): void {
    const leftMs = lastMs + everyMs - performance.now();
    const isIdle = leftMs < 1;
    timer = start(isIdle ? everyMs : Math.ceil(leftMs));
    if (!isIdle) return;
    lastMs = performance.now();
    // last: it may find that the client has left, which stops the timer
    expired();
  }
  return {
    restart: (nowMs) => void (lastMs = nowMs),
    expireEvery(ms) {
      everyMs = ms;
      clearTimeout(timer);
      timer = start(ms);
    },
    stop: () => clearTimeout(timer),
  };
}
