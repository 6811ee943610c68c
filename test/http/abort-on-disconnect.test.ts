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

async function ask() {
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const [, answer] = (await once(server, 'request')) as [unknown, ServerResponse];
  return { socket, answer, reply: { raw: answer } as FastifyReply };
}

it('aborts when the caller hangs up before the answer', async () => {
  const { socket, answer, reply } = await ask();
  const signal = abortOnDisconnect(reply);
  expect(signal.aborted).toBe(false);
  socket.destroy();
  await once(answer, 'close');
  expect(signal.aborted).toBe(true);
});

it('aborts when the caller hangs up within the answer', async () => {
  const { socket, answer, reply } = await ask();
  const signal = abortOnDisconnect(reply);
  answer.write('some of it');
  socket.destroy();
  await once(answer, 'close');
  expect(signal.aborted).toBe(true);
});

it('is aborted from the start when the caller has left already', async () => {
  const { socket, answer, reply } = await ask();
  socket.destroy();
  await once(answer, 'close');
  expect(abortOnDisconnect(reply).aborted).toBe(true);
});

it('does not abort when the whole answer was written', async () => {
  const { socket, answer, reply } = await ask();
  const signal = abortOnDisconnect(reply);
  answer.end('all of it');
  await once(answer, 'close');
  expect(signal.aborted).toBe(false);
  socket.destroy();
});
