import type { WebSocket } from 'ws';

/**
 * Sends pings, and ends the connection of a client that has not answered the last one: its system or its network is
 * gone without a word. @returns a function that stops
 */
export function pingSocket(socket: WebSocket, pingMs: number): () => void {
  let alive = true;
  const markAlive = (): void => void (alive = true);
  socket.on('pong', markAlive);
  socket.on('message', markAlive);
  const timer = setInterval(() => {
    // its answer waits behind what this server does not read
    if (socket.isPaused) return markAlive();
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, pingMs).unref();
  return () => clearInterval(timer);
}
