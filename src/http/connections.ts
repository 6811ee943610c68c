import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LiveMap } from '../engine/live-map.ts';
import { LiveSet } from '../live-set.ts';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

/**
 * The connections of an HTTP server and the responses that are not completely written. Node treats a
 * connection as idle as soon as its response is ended, so closing idle connections cuts off responses to slow
 * readers.
 */
export interface Connections {
  /** Open connections. */
  readonly open: number;
  /** Connections accepted since the start. */
  readonly accepted: number;
  /** Responses that are not completely written. */
  readonly unfinished: number;
  /**
   * Closes each connection after its next response; sets `connection: close` on responses whose headers are
   * not sent.
   */
  closeAfterResponse(): void;
  /** Resolves when the responses that are unfinished now are written, or their clients have disconnected. */
  waitUntilWritten(): Promise<void>;
  /** Responses whose headers have not been sent. */
  unansweredResponses(): readonly ServerResponse[];
  /**
   * Resolves when no response is unfinished and no connection was used for `quietMs`, or after `timeoutMs`.
   */
  waitUntilQuiet(quietMs: number, timeoutMs: number): Promise<void>;
}

const quietPollMs = 10;

/** Tracks the connections of a server from now on. */
export function trackConnections(server: Server): Connections {
  const responses = new LiveSet<ServerResponse>();
  /** When each connection was opened, or when its last response ended. */
  const lastUsed = new LiveMap<Socket, number>();
  let accepted = 0;
  let closing = false;

  server.on('connection', (socket) => {
    accepted++;
    lastUsed.set(socket, performance.now());
    socket.once('close', () => lastUsed.delete(socket));
  });
  // before the application's listener, which may write headers synchronously
  server.prependListener('request', ({ socket }, response) => {
    responses.add(response);
    if (closing) response.shouldKeepAlive = false;
    // written, or its client has disconnected
    response.once('close', () => {
      responses.delete(response);
      if (lastUsed.has(socket)) lastUsed.set(socket, performance.now());
    });
  });

  const isQuiet = (quietMs: number): boolean => {
    const since = performance.now() - quietMs;
    return responses.size === 0 && Iterator.from(lastUsed.values()).every((used) => used <= since);
  };

  return {
    get open() {
      return lastUsed.size;
    },
    get accepted() {
      return accepted;
    },
    get unfinished() {
      return responses.size;
    },
    closeAfterResponse() {
      closing = true;
      for (const response of responses) if (!response.headersSent) response.shouldKeepAlive = false;
    },
    async waitUntilWritten() {
      await Promise.all(
        Array.from(
          responses,
          (response) => new Promise<void>((resolve) => void response.once('close', resolve)),
        ),
      );
    },
    unansweredResponses: () => Array.from(responses).filter(({ headersSent }) => !headersSent),
    async waitUntilQuiet(quietMs, timeoutMs) {
      const end = performance.now() + timeoutMs;
      do {
        await delay(quietPollMs);
        // after the poll phase: what arrived while the event loop was busy has been read by then
        await nextTurn();
      } while (!isQuiet(quietMs) && performance.now() < end);
    },
  };
}
