import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { modelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

const folder = modelFolder(['classifier']);
afterAll(() => folder.remove());

/** One connection, kept alive, that was there before the descriptors ran out. */
function oneConnection({ port }: ServerProcess) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (method: string, path: string, body = '', type = 'application/json') =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) };
      const sent = request({ host: '127.0.0.1', port, agent, method, path, headers }, (reply) => {
        let text = '';
        reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        reply.on('end', () => resolve({ status: reply.statusCode!, body: text }));
      });
      sent.on('error', reject).end(body);
    });
  const metric = async (name: string) =>
    Number(new RegExp(`^${name} (.*)$`, 'm').exec((await ask('GET', '/metrics')).body)?.[1]);
  const classify = () => ask('POST', '/v1/models/classifier/classify', '{"input":"abc"}');
  return { ask, metric, classify, close: () => agent.destroy() };
}

/** Whether the server answers on a connection of its own. */
async function answers({ port }: ServerProcess): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET /v2/health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  // not events.once, which rejects when the connection is reset
  await new Promise((resolve) => socket.once('close', resolve));
  return answer.startsWith('HTTP/1.1 200');
}

describe('a server with few file descriptors', () => {
  it('refuses connections, goes on answering those that are open, and takes new ones again', async () => {
    const server = await startServer(folder.path, {}, { descriptors: 96 });
    const own = oneConnection(server);
    expect((await own.classify()).status).toBe(200);
    const sockets: Socket[] = [];
    let closed = 0;
    for (let i = 0; i < 96; i++) {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => {}).on('close', () => closed++);
      socket.resume();
      sockets.push(socket);
    }
    await until(() => closed >= 20);
    await until(async () => !(await answers(server)));
    expect((await own.classify()).status).toBe(200);
    expect((await own.ask('GET', '/v2/health/ready')).status).toBe(503);
    expect(await own.metric('unroll_connections_refused_total')).toBeGreaterThanOrEqual(20);
    // there are descriptors left for files: an upload and a training job still work
    const upload = await own.ask(
      'POST',
      '/v1/datasets',
      '{"text": "a", "label": "b"}\n',
      'application/jsonl',
    );
    expect([upload.status, upload.body]).toEqual([200, expect.stringContaining('"records":1') as string]);
    const warnings = server.output().match(/connections are closed on arrival/g) ?? [];
    expect(warnings).toHaveLength(1);
    for (const socket of sockets) socket.destroy();
    await until(() => answers(server));
    expect((await own.ask('GET', '/v2/health/ready')).status).toBe(200);
    own.close();
    expect(await server.stop()).toBe(0);
  });
});

describe('a server whose file descriptors are all taken', () => {
  it('answers on open connections, refuses what needs a descriptor, keeps its models, and recovers', async () => {
    const server = await startServer(
      folder.path,
      {},
      { descriptors: 256, nodeArgs: ['--import', join(import.meta.dirname, 'preload/take-descriptors.mjs')] },
    );
    const own = oneConnection(server);
    expect((await own.classify()).status).toBe(200);
    server.process.kill('SIGUSR2');
    await until(() => server.output().includes('EMFILE'));
    await until(async () => !(await answers(server)));
    expect((await own.classify()).status).toBe(200);
    await until(async () => (await own.metric('unroll_file_descriptors_exhausted')) === 1);
    expect((await own.ask('GET', '/v2/health/ready')).status).toBe(503);
    for (const [path, body, type] of [
      ['/v1/datasets', '{"text": "a", "label": "b"}\n', 'application/jsonl'],
      ['/v1/datasets', '--x\r\ncontent-disposition: form-data; name="f"; filename="a.jsonl"\r\n\r\n{}\r\n--x--', 'multipart/form-data; boundary=x'], // prettier-ignore
      ['/v2/repository/models/classifier/load', '{}', 'application/json'],
    ] as const)
      expect([path, (await own.ask('POST', path, body, type)).status]).toEqual([path, 503]);
    // a poll of the models folder that cannot read it
    await until(() => server.output().includes('the models folder cannot be read (EMFILE)'), 15_000);
    expect((await own.classify()).status).toBe(200);
    expect(server.output().match(/no file descriptors are left/g)!.length).toBeGreaterThanOrEqual(1);
    server.process.kill('SIGWINCH');
    await until(() => answers(server));
    await until(async () => (await own.ask('GET', '/v2/health/ready')).status === 200);
    expect((await own.ask('POST', '/v2/repository/models/classifier/load', '{}')).status).toBe(200);
    own.close();
    expect(await server.stop()).toBe(0);
  });
});
