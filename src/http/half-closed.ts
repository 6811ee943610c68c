import type { Server, ServerResponse } from 'node:http';
import { findResponse } from './response-in-progress.ts';

// A client may close its sending side after its request and still read the reply (`nc -N`). What arrives then
// is also what arrives from a client that has left: only writing tells them apart, because the system of a
// client that has left refuses what it is sent. A stream writes events and comments. Before a plain reply, only
// an interim response can be written, and few such clients expect one: so it is not written at once.

/** Milliseconds after which a client that closed its side is written to. */
export const probeMs = 250;

/** Answers clients that close their sending side after the request, and finds those that have left. */
export function answerHalfClosed(server: Server): void {
  // not in the documentation of node, which has had it since its first versions
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  server.on('connection', (socket) => {
    socket.once('end', () => {
      const response = findResponse(socket);
      // HTTP/1.0 has no interim responses
      if (response && response.req.httpVersionMinor >= 1) probe(response, probeMs);
    });
  });
}

/**
 * Writes again after as long as it has waited: the first is refused without an error, the second fails, and
 * that closes the response.
 */
function probe(response: ServerResponse, delayMs: number, waitedMs = 0): void {
  const timer = setTimeout(() => {
    if (response.headersSent || response.closed) return;
    response.writeContinue();
    probe(response, waitedMs + delayMs, waitedMs + delayMs);
  }, delayMs).unref();
  response.once('close', () => clearTimeout(timer));
}
