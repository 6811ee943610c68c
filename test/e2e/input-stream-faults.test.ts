import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { modelFolder, models, type ModelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';
import { openBody, openSocket, type Json } from './stream-clients.ts';

// nothing here is timed: on a loaded machine, clients that send until they are stopped take minutes
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

// Clients that do not read, leave half-way or vanish, and a server that shuts down.

let folder: ModelFolder;
beforeAll(() => {
  folder = modelFolder(['numbers', 'total']);
  // answers of many kilobytes, which soon fill what the systems of both ends keep
  folder.write('wide', 1, {
    ...models.numbers,
    network: {
      layers: [
        { type: 'recurrent', cell: 'rnn', units: 4 },
        { type: 'dense', units: 2048 },
      ],
    },
    outputs: {},
  });
});
afterAll(() => folder.remove());

const frame = Buffer.from(new Float32Array([0.5, -0.5]).buffer);
/** Frames as a chunk of a body, and as WebSocket messages with a mask of zeros. */
const chunk = Buffer.concat([Buffer.from('2000\r\n'), Buffer.alloc(8192, frame), Buffer.from('\r\n')]);
const message = Buffer.concat([Buffer.from([0x82, 0x88, 0, 0, 0, 0]), frame]);
const messages = Buffer.concat(Array.from({ length: 512 }, () => message));

async function begin(server: ServerProcess, model = 'numbers'): Promise<string> {
  return (await server.ask<{ id: string }>('/v1/sessions', { model })).id;
}
const position = async (server: ServerProcess, id: string): Promise<number> =>
  ((await (await server.get(`/v1/sessions/${id}`)).json()) as Json).position;

/** Opens a stream on a bare connection; it is not read. */
async function openBare(
  server: ServerProcess,
  path: string,
  kind: 'body' | 'socket',
  type = 'application/octet-stream',
): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    kind === 'body'
      ? `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`
      : `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  return socket;
}

/** Sends frames as long as they are taken. @returns a function that stops */
function flood(socket: Socket, kind: 'body' | 'socket'): () => void {
  let stopped = false;
  const send = (): void => {
    while (!stopped && !socket.destroyed && socket.write(kind === 'body' ? chunk : messages));
  };
  socket.on('drain', send);
  send();
  return () => (stopped = true);
}

const residentMegabytes = ({ process: { pid } }: ServerProcess): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
const stepsOf = (server: ServerProcess): Promise<number> => server.metric('unroll_model_steps_total');
const openStreams = (server: ServerProcess): Promise<number> => server.metric('unroll_streams_open');

/** Resolves when no step runs any more: everything that can be kept is kept. */
async function untilStill(server: ServerProcess): Promise<void> {
  for (let before = -1; ;) {
    const now = await stepsOf(server);
    if (now === before) return;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}

describe.for(['body', 'socket'] as const)('a client of a %s that sends and never reads', (kind) => {
  const path = '/v1/models/wide/stream';

  it('stops the server from reading, which keeps little for it', async () => {
    const server = await startServer(folder.path, { TIMEOUT_MS: 600_000, PING_MS: 600_000 });
    const sockets: Socket[] = [];
    const stops: (() => void)[] = [];
    // what so many streams bring to memory by being read, is there before
    for (let i = 0; i < 16; i++) {
      const socket = await openBare(server, path, kind);
      socket.resume();
      sockets.push(socket);
      stops.push(flood(socket, kind));
    }
    await until(async () => (await stepsOf(server)) > 16_000, 300_000);
    for (const stop of stops.splice(0)) stop();
    for (const socket of sockets.splice(0)) socket.destroy();
    await until(async () => (await openStreams(server)) === 0, 150_000);
    await untilStill(server);
    const before = residentMegabytes(server);
    for (let i = 0; i < 16; i++) {
      const socket = await openBare(server, path, kind);
      sockets.push(socket);
      stops.push(flood(socket, kind));
    }
    await until(async () => (await openStreams(server)) === 16, 150_000);
    await untilStill(server);
    // all of them are behind, though the server is idle
    expect(sockets.every(({ writableNeedDrain }) => writableNeedDrain)).toBe(true);
    expect(residentMegabytes(server) - before).toBeLessThan(48);
    const held = await server.get('/v1/models');
    expect(held.status).toBe(200);
    // when it reads again, it goes on
    const steps = await stepsOf(server);
    sockets[0]!.resume();
    await until(async () => (await stepsOf(server)) > steps + 100, 150_000);
    for (const stop of stops) stop();
    for (const socket of sockets) socket.destroy();
    await until(async () => (await openStreams(server)) === 0, 150_000);
    expect(await server.stop()).toBe(0);
  });

  it('is dropped after the deadline, with a reason in the log, and its session goes on', async () => {
    const server = await startServer(folder.path, { TIMEOUT_MS: 700, LOG_LEVEL: 'info' });
    const id = await begin(server, 'wide');
    const socket = await openBare(server, `/v1/sessions/${id}/stream`, kind);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const stop = flood(socket, kind);
    await until(() => server.output().includes('"code":"reader_stalled"'), 150_000);
    // the end of a connection is seen by a socket that reads
    socket.resume();
    await closed;
    stop();
    const answered = await position(server, id);
    expect(answered).toBeGreaterThan(0);
    const reply = await server.ask<Json>(`/v1/sessions/${id}/steps`, { input: [[1, 2]] });
    expect(reply.session.position).toBe(answered + 1);
    await server.stop();
  });
});

describe('a client that leaves', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer(folder.path, { PING_MS: 100, LOG_LEVEL: 'info' });
  });
  afterAll(async () => {
    await server.stop();
  });

  it.for(['body', 'socket'] as const)('without a word frees its session: %s', async (kind) => {
    const id = await begin(server);
    const socket = await openBare(server, `/v1/sessions/${id}/stream`, kind);
    flood(socket, kind);
    await until(async () => (await position(server, id)) > 0);
    socket.resetAndDestroy();
    await until(async () => (await openStreams(server)) === 0);
    const reply = await server.post(`/v1/sessions/${id}/steps`, { input: [[1, 2]] });
    expect(reply.status).toBe(200);
  });

  it('does not answer pings and is disconnected', async () => {
    const id = await begin(server);
    const socket = await openBare(server, `/v1/sessions/${id}/stream`, 'socket');
    socket.resume();
    await once(socket, 'close');
    await until(async () => (await openStreams(server)) === 0);
    expect((await server.post(`/v1/sessions/${id}/steps`, { input: [[1, 2]] })).status).toBe(200);
  });

  it('answers pings and is not', async () => {
    const { send, next, close } = await openSocket(`${server.url}/v1/models/total/stream`);
    await new Promise((resolve) => setTimeout(resolve, 700));
    send('[1]');
    expect(await next()).toHaveProperty('position', 1);
    await close();
  });

  it('closes its sending side after the body and gets all answers', async () => {
    const socket = await openBare(server, '/v1/models/total/stream', 'body', 'application/x-ndjson');
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    const lines = '[1]\n[2]\n[3]';
    socket.end(`${lines.length.toString(16)}\r\n${lines}\r\n0\r\n\r\n`);
    await until(() => text.endsWith('\r\n0\r\n\r\n'));
    expect(text.match(/"position":/g)).toHaveLength(3);
    socket.destroy();
  });

  it('closes its sending side within the body and loses nothing that was answered', async () => {
    const id = await begin(server, 'total');
    const socket = await openBare(server, `/v1/sessions/${id}/stream`, 'body', 'application/x-ndjson');
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    socket.write('4\r\n[1]\n\r\n');
    await until(() => text.includes('"position":1'));
    socket.end('ff\r\n[2]\n[3');
    await once(socket, 'close');
    await until(async () => (await openStreams(server)) === 0);
    const stands = await position(server, id);
    expect(text.match(/"position":/g)!.length).toBeLessThanOrEqual(stands);
    expect((await server.post(`/v1/sessions/${id}/steps`, { input: [1] })).status).toBe(200);
  });

  it('keeps its connection for the next request after a stream', async () => {
    const socket = await openBare(server, '/v1/models/total/stream', 'body', 'application/x-ndjson');
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    socket.write('4\r\n[1]\n\r\n0\r\n\r\nGET /v2/health/live HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await until(() => /"position":1[^]*HTTP\/1.1 200 OK/.test(text));
    expect(text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
    socket.destroy();
  });

  it('goes on sending after an error, and has it', async () => {
    const stream = openBody(`${server.url}/v1/models/total/stream`);
    stream.send('[1]\nnonsense\n');
    expect(await stream.next()).toHaveProperty('position', 1);
    const more = setInterval(() => stream.send('[1]\n'), 5);
    expect(await stream.next()).toMatchObject({ error: { code: 'malformed_json', line: 2 } });
    expect(await stream.next()).toBeNull();
    clearInterval(more);
    stream.leave();
  });

  it('sends nothing for the time to live, and is told', async () => {
    const { id } = await server.ask<{ id: string }>('/v1/sessions', { model: 'total', ttl_s: 1 });
    const { closing } = await openSocket(`${server.url}/v1/sessions/${id}/stream`);
    expect(await closing).toMatchObject({
      code: 4408,
      reason: 'request_timeout: no input for 1 s, the ttl_s of the session',
    });
  });
});

describe('a server that shuts down', () => {
  it('ends WebSockets and bodies with a reason', async () => {
    const server = await startServer(folder.path, { DRAIN_MS: 300 });
    const socket = await openSocket(`${server.url}/v1/models/total/stream`);
    const body = openBody(`${server.url}/v1/models/total/stream`);
    socket.send('[1]');
    body.send('[1]\n');
    await Promise.all([socket.next(), body.next()]);
    const stopped = server.stop();
    expect(await body.next()).toMatchObject({ error: { code: 'shutting_down' } });
    expect(await socket.closing).toMatchObject({
      code: 1012,
      reason: expect.stringContaining('shutting_down'),
    });
    body.leave();
    expect(await stopped).toBe(0);
  });
});
