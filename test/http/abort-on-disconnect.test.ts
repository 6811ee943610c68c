import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { FastifyReply } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { abortOnDisconnect } from '../../src/http/abort-on-disconnect.ts';

const server = createServer();
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

async function openRequest() {
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  return { socket, response, reply: { raw: response } as FastifyReply };
}

it('aborts when the client disconnects before the response', async () => {
  const { socket, response, reply } = await openRequest();
  const signal = abortOnDisconnect(reply);
  expect(signal.aborted).toBe(false);
  socket.destroy();
  await once(response, 'close');
  expect(signal.aborted).toBe(true);
});

it('aborts when the client disconnects during the response', async () => {
  const { socket, response, reply } = await openRequest();
  const signal = abortOnDisconnect(reply);
  response.write('some of it');
  socket.destroy();
  await once(response, 'close');
  expect(signal.aborted).toBe(true);
});

it('is aborted from the start when the client has already disconnected', async () => {
  const { socket, response, reply } = await openRequest();
  socket.destroy();
  await once(response, 'close');
  expect(abortOnDisconnect(reply).aborted).toBe(true);
});

it('does not abort when the whole response was written', async () => {
  const { socket, response, reply } = await openRequest();
  const signal = abortOnDisconnect(reply);
  response.end('all of it');
  await once(response, 'close');
  expect(signal.aborted).toBe(false);
  socket.destroy();
});
