import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LiveMap } from '../engine/live-map.ts';
import { LiveSet } from '../engine/live-set.ts';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

/**
 * The connections of an HTTP server and the responses that are not yet written out. Node counts a connection as idle as soon as
 * its response is ended, and closing idle connections cuts off what is still on its way to a slow reader.
 */
export interface Connections {
  /** Connections open now. */
  readonly open: number;
  /** Connections accepted since the start. */
  readonly accepted: number;
  /** Responses begun and not yet written out. */
  readonly unfinished: number;
  /** Makes every response from now on the last of its connection, as its header then says, where that is not yet sent. */
  closeAfterResponse(): void;
  /** Resolves when the responses that are unfinished now are written out, or their readers have gone. */
  waitUntilWritten(): Promise<void>;
  /** Responses that have not begun, for a server that can wait no longer. */
  unansweredResponses(): readonly ServerResponse[];
  /** Resolves when no response is unfinished and no connection was used for `silentMs`, or after `atMostMs`. */
  waitUntilQuiet(silentMs: number, atMostMs: number): Promise<void>;
}

const quietPollMs = 10;

export function trackConnections(server: Server): Connections {
  const responses = new LiveSet<ServerResponse>();
  /** When each connection was opened, or its last response ended. */
  const lastUsed = new LiveMap<Socket, number>();
  let accepted = 0;
  let closing = false;

  server.on('connection', (socket) => {
    accepted++;
    lastUsed.set(socket, performance.now());
    socket.once('close', () => lastUsed.delete(socket));
  });
  // before the application's own listener, which may write headers at once
  server.prependListener('request', ({ socket }, response) => {
    responses.add(response);
    if (closing) response.shouldKeepAlive = false;
    // written out, or its reader has gone
    response.once('close', () => {
      responses.delete(response);
      if (lastUsed.has(socket)) lastUsed.set(socket, performance.now());
    });
  });

  const isQuiet = (silentMs: number): boolean => {
    const since = performance.now() - silentMs;
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
    async waitUntilQuiet(silentMs, atMostMs) {
      const end = performance.now() + atMostMs;
      do {
        await delay(quietPollMs);
        // after the poll phase: what arrived while the event loop was busy has been read by then
        await nextTurn();
      } while (!isQuiet(silentMs) && performance.now() < end);
    },
  };
}
