import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder } from './model-folder.ts';
import { startServer, type ServerProcess } from './server-process.ts';

const folder = modelFolder(['classifier']);
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, { MAX_BODY_BYTES: 20_000 });
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  // nothing of this was the server's fault
  expect(server.output()).not.toMatch(/"level":[56]0/);
  folder.remove();
});

const probe = 'GET /v2/health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';

/** Everything that comes back until the server closes the connection; what is not HTTP may be followed by nothing. */
async function send(text: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  socket.write(text, 'latin1');
  // not events.once, which rejects when the connection is reset
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}
const statuses = (answer: string): number[] =>
  Array.from(answer.matchAll(/HTTP\/1.1 (\d+) /g), ([, status]) => Number(status));

const path = '/v1/models/classifier/classify';
const body = '{"input":"abc"}';
const post = (headers: string, content = body): string =>
  `POST ${path} HTTP/1.1\r\n${headers}content-type: application/json\r\ncontent-length: ${content.length}\r\n\r\n${content}`;

describe('a Host header', () => {
  it.each([
    ['that is there twice', 'host: a\r\nhost: b\r\n'],
    ['that is there twice and the same', 'Host: a\r\nhost: a\r\n'],
    ['with a path in it', 'host: a/b\r\n'],
    ['with a user in it', 'host: user@a\r\n'],
    ['with a space in it', 'host: a b\r\n'],
    ['with another port than a number', 'host: a:port\r\n'],
  ])('%s is refused', async (_, headers) => {
    const answer = await send(post(headers) + probe);
    expect(statuses(answer)).toEqual([400, 200]);
    expect(answer).toContain('"code":"malformed_http"');
  });

  it.each(['localhost', '127.0.0.1:8080', '[::1]:80', 'my_host.localhost', ''])(
    'of %j is accepted',
    async (name) => {
      expect(statuses(await send(post(`host: ${name}\r\n`) + probe))).toEqual([200, 200]);
    },
  );
});

describe('a malformed multipart body', () => {
  const form = (type: string, content: string): string =>
    `POST /v1/datasets HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: ${content.length}\r\n\r\n${content}`;
  const part = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n';
  const record = '{"text":"a","label":"b"}\n';
  it.each([
    ['without a boundary', 'multipart/form-data', part],
    ['without a boundary, and large', 'multipart/form-data', 'a'.repeat(300_000)],
    ['with another boundary', 'multipart/form-data; boundary=y', `${part}${record}\r\n--x--\r\n`],
    ['that ends within its file', 'multipart/form-data; boundary=x', part + record],
    ['that ends within a header', 'multipart/form-data; boundary=x', '--x\r\ncontent-dispo'],
    ['that is no form', 'multipart/form-data; boundary=x', 'hello'],
    ['whose file is called as a prototype’s property', 'multipart/form-data; boundary=x', `${part.replace('"file"', '"__proto__"')}${record}\r\n--x--\r\n`], // prettier-ignore
    ['of fields only', 'multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'], // prettier-ignore
    ['of nothing', 'multipart/form-data; boundary=x', ''],
    ['of another kind', 'multipart/mixed; boundary=x', `${part}${record}\r\n--x--\r\n`],
  ])('%s is refused, and the next request on its connection is answered', async (_, type, content) => {
    const [first, second, ...more] = statuses(await send(form(type, content) + probe));
    expect([400, 415, 422]).toContain(first);
    expect([second, more]).toEqual([200, []]);
  });

  it('elsewhere is of the wrong type, and the next request is answered', async () => {
    const text = form('multipart/form-data; boundary=x', 'a'.repeat(15_000)).replace('/v1/datasets', path);
    expect(statuses(await send(text + probe))).toEqual([415, 200]);
  });
});

describe('a path out of the documentation', () => {
  it.each([
    '/docs/static/../../package.json',
    '/docs/static/..%2f..%2fpackage.json',
    '/docs/static/%2e%2e/%2e%2e/package.json',
    '/docs/static/..\\..\\package.json',
    '/docs/static/%00',
    '/docs/static/nothing',
    '/docs/%zz',
  ])('%s is not found', async (url) => {
    const answer = await send(`GET ${url} HTTP/1.1\r\nhost: localhost\r\n\r\n${probe}`);
    expect(statuses(answer)).toEqual([404, 200]);
    expect(answer).not.toContain('"dependencies"');
  });
});

describe('malformed HTTP', () => {
  it.each([
    [
      'a chunk size that is no number',
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
    ],
    [
      'a chunk longer than it says',
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabcdef\r\n0\r\n\r\n`,
    ],
    [
      'a length and chunks',
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'two lengths',
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc`,
    ],
    ['a length with a sign', `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: +3\r\n\r\nabc`],
    [
      'another transfer encoding last',
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked, gzip\r\n\r\n`,
    ],
    ['a header without a colon', 'GET / HTTP/1.1\r\nhost: localhost\r\nnothing\r\n\r\n'],
    ['a space before a colon', 'GET / HTTP/1.1\r\nhost : x\r\n\r\n'],
    ['a folded header', 'GET / HTTP/1.1\r\nhost: localhost\r\na: b\r\n c\r\n\r\n'],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nhost: localhost\r\na: \0\r\n\r\n'],
    ['a bare line feed', 'GET / HTTP/1.1\nhost: localhost\n\n'],
    ['an unknown method', 'BREW / HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    ['an unknown version', 'GET / HTTP/9.9\r\nhost: localhost\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('with %s is answered with 4xx and the connection closed', async (_, text) => {
    const answer = await send(text);
    expect(statuses(answer)).toHaveLength(1);
    expect(statuses(answer)[0]! - 400).toBeLessThan(100);
    expect(answer).toMatch(/^connection: close\r$/im);
  });

  it('behind a refusal is not answered again', async () => {
    const answer = await send(
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
    );
    // of its type, or of the chunk that comes while that is answered
    expect(statuses(answer)).toHaveLength(1);
    expect([400, 415]).toContain(statuses(answer)[0]);
  });

  it('never makes a 5xx of damaged requests, nor keeps a connection waiting', async () => {
    // a small generator of our own, so that a failure can be repeated
    let state = 1;
    const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
    const form = `POST /v1/datasets HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 110\r\n\r\n--x\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n{"text":"a","label":"b"}\r\n--x--\r\n`;
    const seeds = [
      post('host: localhost\r\n'),
      form,
      `GET /docs/static/index.html?a=b HTTP/1.1\r\nhost: localhost\r\n\r\n`,
    ];
    const damaged = (text: string): string => {
      for (let edits = 1 + random(4); edits > 0; edits--) {
        const at = random(text.length);
        const bytes = [String.fromCharCode(random(256)), '\r\n', '\0', ':', '%', '../'][random(6)]!;
        text = text.slice(0, at) + bytes + text.slice(at + random(3));
      }
      return text;
    };
    const found: string[] = [];
    const one = async (): Promise<void> => {
      const text = damaged(seeds[random(seeds.length)]!);
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => {});
      let answer = '';
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
      // what makes a request incomplete is followed by its end
      socket.end(text, 'latin1');
      await Promise.race([
        new Promise((resolve) => socket.once('close', resolve)),
        delay(20_000, undefined, { ref: false }),
      ]);
      if (!socket.destroyed) found.push(`hangs: ${JSON.stringify(text)}`);
      if (statuses(answer).some((status) => status >= 500)) found.push(JSON.stringify({ text, answer }));
    };
    for (let batch = 0; batch < 60; batch++) await Promise.all(Array.from({ length: 10 }, one));
    expect(found).toEqual([]);
  });
});
