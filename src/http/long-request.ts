import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

// Requests that are received as long as their clients like.

/** Milliseconds of silence after which the system asks whether the client is still there. */
export const keepAliveMs = 30_000;
/** Milliseconds for a client to read the end of a reply before its request has ended. */
const lastReadMs = 2000;

const receiving = new WeakSet<Socket>();

/** Exempts a request from the limit on the time to receive it, which is for bodies that are read before a reply. */
export function keepReceiving(request: IncomingMessage): void {
  const { socket } = request;
  // one that was made in this process has no connection
  if (!(socket instanceof Socket)) return;
  socket.setKeepAlive(true, keepAliveMs);
  if (request.complete) return;
  receiving.add(socket);
  request.once('close', () => receiving.delete(socket));
}

/** Whether a request that took too long to arrive is one of those; node reports each once. */
export const mayTakeLong = (socket: Socket): boolean => receiving.has(socket);

/** Closes the connection of a request that goes on after its reply, once the client had time to read that. */
export function dropRequest(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  const { socket } = request;
  request.resume();
  const timer = setTimeout(() => {
    // after a request that has ended, the next one may be under way
    if (!request.complete || !response.writableFinished) socket.destroy();
  }, lastReadMs).unref();
  socket.once('close', () => clearTimeout(timer));
}
