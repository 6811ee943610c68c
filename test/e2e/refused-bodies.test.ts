import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itWithProgram } from '../support/needs.ts';
import { modelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

// Clients that close their side, send too much, or ask before they send, over real connections.

const maxBodyBytes = 20_000;
const folder = modelFolder(['classifier', 'tagger', 'writer']);
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, {
    WORKERS: 1,
    SLOTS: 1,
    MAX_EXPECTED_MS: 3_600_000,
    TIMEOUT_MS: 3_600_000,
    MAX_TIMEOUT_MS: 3_600_000,
    MAX_BODY_BYTES: maxBodyBytes,
    MAX_TOKENS: 1_000_000,
    MAX_STEPS: 1_000_000,
  });
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  // nothing of this was the server's fault
  expect(server.output()).not.toMatch(/"level":[56]0/);
  folder.remove();
});

const curl = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)('curl', ['-s', ...args], { maxBuffer: 1e8 })).stdout;
const itWithCurl = (title: string, test: () => Promise<void>): void =>
  itWithProgram({ program: 'curl', debianPackage: 'curl' }, title, test);

interface RawOptions {
  /** Close the sending side after it. */
  readonly half?: boolean;
  /** Sent after it. */
  readonly rest?: readonly Buffer[];
}

/** Sends bytes, and only then reads, until the server closes the connection. @returns what came back */
async function send(text: string, { half = false, rest = [] }: RawOptions = {}): Promise<string> {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  const errors: unknown[] = [];
  socket.on('error', (error) => errors.push(error));
  socket.pause();
  for (const bytes of [Buffer.from(text), ...rest])
    await new Promise((resolve) => socket.write(bytes, resolve));
  if (half) socket.end();
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.resume();
  await new Promise((resolve) => {
    socket.once('end', resolve);
    socket.once('close', resolve);
  });
  socket.destroy();
  expect(errors).toEqual([]);
  return answer;
}
const json = (path: string, body: object | string, headers = '', version = '1.1'): string => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return `POST ${path} HTTP/${version}\r\nhost: x\r\ncontent-type: application/json\r\n${headers}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
};
describe('a client that closes its side after the request', () => {
  it.each([
    ['classify', '/v1/models/classifier/classify', { input: 'abc' }, '"predictions"'],
    [
      'infer',
      '/v2/models/classifier/infer',
      { inputs: [{ name: 'input', datatype: 'BYTES', shape: [1], data: ['abc'] }] },
      '"outputs"',
    ],
    ['a list', '/v1/models/tagger/tag', { input: ['abc', 'de'] }, '"predictions"'],
    ['a stream', '/v1/models/writer/generate', { max_tokens: 300, stream: true }, 'event: done'],
    ['a refusal', '/v1/models/classifier/classify', { input: 7 }, '"invalid_request"'],
  ])('gets its answer: %s', async (_, path, body, end) => {
    for (const version of ['1.1', '1.0'])
      expect(await send(json(path, body, '', version), { half: true })).toContain(end);
  });

  it('gets a long answer, after interim responses', async () => {
    const body = { max_tokens: 20_000, seed: 1 };
    const answer = await send(json('/v1/models/writer/generate', body), { half: true });
    expect(answer).toMatch(/^(HTTP\/1\.1 100 Continue\r\n\r\n)*HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain('"finish_reason":"length","tokens":20000');
  });

  it('frees its slot when it has left in truth, while it waits for a slot too', async () => {
    const open = (body: object) => {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(json('/v1/models/writer/generate', body));
      return socket;
    };
    const sockets = [
      open({ max_tokens: 1_000_000 }),
      open({ max_tokens: 1_000_000 }),
      open({ max_tokens: 1_000_000, stream: true }),
    ];
    const count = async (): Promise<number> =>
      (await server.metric('unroll_sequences_active')) + (await server.metric('unroll_sequences_waiting'));
    await until(async () => (await count()) === sockets.length);
    for (const socket of sockets) socket.destroy();
    await until(async () => (await count()) === 0, 30_000);
    expect(await server.metric('unroll_streams_open')).toBe(0);
  });
});

describe('a body over the limit', () => {
  const chunk = Buffer.alloc(1_000_000, 0x20);
  const head = (header: string): string =>
    `POST /v1/models/classifier/classify HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${header}\r\n\r\n`;
  const refused = /^HTTP\/1\.1 413 .*connection: close.*"code":"body_too_large"/is;

  it('gets its 413 by a client that reads after it has sent all', async () => {
    const rest = Array<Buffer>(20).fill(chunk);
    expect(await send(head(`content-length: ${20 * chunk.length}`), { rest })).toMatch(refused);
    const chunks = rest.map((data) =>
      Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]),
    );
    const last = Buffer.from('0\r\n\r\n');
    expect(await send(head('transfer-encoding: chunked'), { rest: [...chunks, last] })).toMatch(refused);
  });

  it('gets its 413 by undici', async () => {
    const { statusCode, body } = await request(`${server.url}/v1/models/classifier/classify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.alloc(20_000_000, 0x20),
    });
    expect([statusCode, await body.json()]).toMatchObject([413, { code: 'body_too_large' }]);
  });

  itWithCurl('gets its 413 by curl, whether it asks before or not', async () => {
    const file = join(folder.path, 'large.json');
    writeFileSync(file, chunk);
    for (const expecting of ['Expect: 100-continue', 'Expect:'])
      for (const more of [[], ['-H', 'transfer-encoding: chunked']]) {
        const args = ['-H', 'content-type: application/json', '-H', expecting, ...more];
        const url = `${server.url}/v1/models/classifier/classify`;
        expect(await curl(url, ...args, '--data-binary', `@${file}`, '-w', '%{http_code}')).toMatch(/413$/);
      }
  });
});

describe('Expect: 100-continue', () => {
  const expecting = (path: string, body: object): string =>
    json(path, body, 'connection: close\r\nexpect: 100-continue\r\n');

  it('is answered once the headers are accepted', async () => {
    const answer = await send(expecting('/v1/models/classifier/classify', { input: 'abc' }));
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });

  it.each([
    ['a body over the limit', `/v1/models/classifier/classify`, `${maxBodyBytes + 1}`, 413],
    ['an unknown path', '/v1/nothing', '10', 404],
    ['a method that is not allowed', '/v1/models', '10', 405],
  ])('is refused without the body: %s', async (_, path, length, status) => {
    const answer = await send(
      `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`,
    );
    expect(answer.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    expect(answer).toMatch(/^connection: close\r$/im);
  });
});
