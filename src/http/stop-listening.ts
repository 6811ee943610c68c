import type { Server } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { UnrollError } from '../errors.ts';
import type { Connections } from './connections.ts';
import { toErrorResponse } from './problem.ts';

// The end of an HTTP server that resets no connection. Clients that keep connections alive may send a request until they have
// read `connection: close`, and closing a socket that has unread bytes resets it: so a connection is closed only when it has
// been silent for a while, and the server listens until then, for connections that the kernel has accepted but not handed over
// are reset when the listening socket closes.

/** A client that uses a connection sends its next request within this time after a response, or after it connected. */
const silentMs = 1000;
/** While the server listens: new clients come, and are refused, as long as it does. */
const listeningMs = 1500;
/** Afterwards: every connection is closed with its next response, so this is only reached by readers that are too slow. */
const closingMs = 1500;
/** Turns of the event loop to wait for one that is short. */
const mostTurns = 1000;
const shortTurnMs = 0.1;
/** Of all that, together. */
export const stopListeningMs = listeningMs + closingMs;

/** Answers what comes until connections are silent, then closes them and the listening socket. */
export async function stopListening(server: Server, connections: Connections): Promise<void> {
  await connections.waitUntilQuiet(silentMs, listeningMs);
  // first, or closing them would come between the last accept and the close below
  server.closeIdleConnections();
  await nothingWaits(connections);
  server.close();
  // those who connected last have not sent their request yet
  await connections.waitUntilQuiet(silentMs, closingMs);
  server.closeAllConnections();
}

/**
 * Resolves right after a turn in which no connection came. The poll phase of a turn takes every connection that waits, and what
 * follows setImmediate runs after it; only a connection that comes in between is reset, so the turn has to be short.
 * No system call refuses new connections without resetting those that wait, so that much of a gap remains.
 */
async function nothingWaits(connections: Connections): Promise<void> {
  for (let turns = 0; turns < mostTurns; turns++) {
    const { accepted } = connections;
    const began = performance.now();
    await nextTurn();
    if (connections.accepted === accepted && performance.now() - began < shortTurnMs) return;
  }
}

/** Answers every request that has no response yet, such as one whose body is still being sent. */
export function refuseUnanswered(connections: Connections): void {
  const error = new UnrollError('shutting_down', 'the server ended before the request was answered');
  for (const response of connections.unansweredResponses()) {
    const { req: request } = response;
    const { status, type, body } = toErrorResponse(error, request.url ?? '');
    const text = JSON.stringify(body);
    // unread bytes of a body would reset the connection
    request.unpipe();
    request.resume();
    response.shouldKeepAlive = false;
    response
      .writeHead(status, {
        'content-type': type,
        'content-length': Buffer.byteLength(text),
        'retry-after': '1',
      })
      .end(text);
  }
}
