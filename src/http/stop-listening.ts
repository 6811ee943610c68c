import type { Server } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { UnrollError } from '../errors.ts';
import type { Connections } from './connections.ts';
import { toErrorResponse } from './problem.ts';

// Stops an HTTP server without resetting a connection. Clients that keep connections alive may send a request
// until they have read `connection: close`, and closing a socket with unread bytes resets it: so a connection
// is closed only after it has been quiet for a while. The server listens until then, because connections that
// the kernel has accepted but not handed over are reset when the listening socket closes.

/**
 * A client that uses a connection sends its next request within this time after a response, or after it
 * connected.
 */
const quietMs = 1000;
/** Maximum time while the server still listens: new clients connect, and are rejected, as long as it does. */
const listeningMs = 1500;
/**
 * Maximum time afterwards: each connection is closed with its next response, so only slow readers need it.
 */
const closingMs = 1500;
/** Maximum turns of the event loop to wait for a short one. */
const maxTurns = 1000;
const shortTurnMs = 0.1;
/** Maximum time of all of it. */
export const stopListeningMs = listeningMs + closingMs;

/** Serves until the connections are quiet, then closes them and the listening socket. */
export async function stopListening(server: Server, connections: Connections): Promise<void> {
  await connections.waitUntilQuiet(quietMs, listeningMs);
  // before the wait, so that nothing is done between the last accept and the close below
  server.closeIdleConnections();
  await noConnectionPending(connections);
  server.close();
  // the last clients to connect have not sent their request yet
  await connections.waitUntilQuiet(quietMs, closingMs);
  server.closeAllConnections();
}

/**
 * Resolves right after a turn of the event loop in which no connection arrived. The poll phase of a turn
 * accepts every pending connection, and setImmediate runs after it; only a connection that arrives in between
 * is reset, so the turn must be short.
 * No system call refuses new connections without resetting those that wait, so that much of a gap remains.
 */
async function noConnectionPending(connections: Connections): Promise<void> {
  for (let turns = 0; turns < maxTurns; turns++) {
    const { accepted } = connections;
    const startedAtMs = performance.now();
    await nextTurn();
    if (connections.accepted === accepted && performance.now() - startedAtMs < shortTurnMs) return;
  }
}

/** Sends an error to every request without a response, such as one whose body is still being received. */
export function refuseUnanswered(connections: Connections): void {
  const error = new UnrollError('shutting_down', 'the server shut down before it could respond');
  for (const response of connections.unansweredResponses()) {
    const { req: request } = response;
    const { status, type, body } = toErrorResponse(error, request.url ?? '');
    const text = JSON.stringify(body);
    // unread bytes of the body would reset the connection
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
