import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { trackConnections, type Connections } from '../../src/http/connections.ts';
import { until } from '../e2e/server-process.ts';

const size = 32 * 1_048_576;
let server: Server;
let connections: Connections;
beforeEach(async () => {
  // one of its own: a response is in the set of one tracker
  server = createServer((_, response) => response.end(Buffer.alloc(size)));
  connections = trackConnections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

function openRequest() {
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  return socket;
}

it('a response is unfinished until its client has read it, although it has ended', async () => {
  const socket = openRequest();
  await until(() => connections.unfinished === 1);
  let out = false;
  const allOut = connections.waitUntilWritten().then(() => (out = true));
  // the socket's buffers are full now, and are much smaller than the response
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(out).toBe(false);
  let read = 0;
  socket.on('data', (chunk: Buffer) => (read += chunk.length));
  socket.resume();
  await allOut;
  await until(() => read > size);
  expect(connections.unfinished).toBe(0);
  socket.destroy();
});

it('a response whose client has disconnected is finished', async () => {
  const socket = openRequest();
  await until(() => connections.unfinished === 1);
  socket.destroy();
  await connections.waitUntilWritten();
  expect(connections.unfinished).toBe(0);
});

it('resolves at once without responses', async () => {
  await connections.waitUntilWritten();
  expect(connections.unfinished).toBe(0);
});

it('closes the connection after a response that had not started', async () => {
  connections.closeAfterResponse();
  const socket = openRequest();
  let head = '';
  socket.on('data', (chunk: Buffer) => (head ||= chunk.toString('latin1')));
  socket.resume();
  await once(socket, 'close');
  expect(head).toMatch(/^connection: close\r$/im);
});

it('resolves when no connection was used for a while, or after the timeout', async () => {
  await connections.waitUntilQuiet(0, 60_000);
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
  await until(() => connections.open === 1);
  await connections.waitUntilQuiet(50, 60_000);
  const began = performance.now();
  await connections.waitUntilQuiet(60_000, 50);
  expect(performance.now() - began).toBeGreaterThanOrEqual(50);
  socket.destroy();
  await until(() => connections.open === 0);
});
