import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, knownKeys } from '../key-ring.ts';
import { serveApp, type ServedApp } from '../served-app.ts';

let closed: ServedApp;
let allowing: ServedApp;
beforeAll(async () => {
  closed = await serveApp({ publicUrl: 'https://public.test/unroll' });
  allowing = await serveApp({
    corsOrigin: 'https://page.test',
    authentication: knownKeys({ all: { scopes: ['admin'] }, infer: { scopes: ['infer'] } }),
    rateLimit: 60,
  });
});
afterAll(async () => {
  await closed.close();
  await allowing.close();
});

const upload = '/v1/datasets';
const unload = '/v2/repository/models/nobody/unload';
const text = { 'content-type': 'text/plain' };
const json = { 'content-type': 'application/json' };
const post = (headers: Record<string, string>, url = upload, app = closed.app) =>
  app.inject({ method: 'POST', url, headers: { host: 'localhost:8080', ...headers }, payload: '{}' });

describe('a request that changes something', () => {
  it.each([
    ['of a program', text, 200],
    ['of a program, with a cookie', { ...text, cookie: 'a=b' }, 200],
    ['of a page of another site', { ...text, origin: 'https://evil.test' }, 403],
    ['of a page without an origin', { ...text, origin: 'null' }, 403],
    ['of a page of another port', { ...text, origin: 'http://localhost:3000' }, 403],
    ['of a page whose origin is not a URL', { ...text, origin: 'about:' }, 403],
    ['of a page of another site, as the browser says', { ...text, 'sec-fetch-site': 'cross-site' }, 403],
    ['of a page of the same site', { ...text, 'sec-fetch-site': 'same-site' }, 403],
    [
      'of a page behind a proxy that made hosts equal',
      { ...text, origin: 'http://localhost:8080', 'sec-fetch-site': 'cross-site' },
      403,
    ],
    ['of a page of the server', { ...text, origin: 'http://localhost:8080' }, 200],
    ['of a page of the server, as the browser says', { ...text, 'sec-fetch-site': 'same-origin' }, 200],
    ['of a page at the public URL', { ...text, origin: 'https://public.test' }, 200],
    [
      'of a page of another site with a header',
      { ...text, origin: 'https://evil.test', 'x-requested-with': 'a' },
      200,
    ],
    [
      'of a form of another site',
      { 'content-type': 'multipart/form-data; boundary=a', origin: 'https://evil.test' },
      403,
    ],
    [
      'of a form of another site',
      { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.test' },
      403,
    ],
    [
      'of plain text in other letters',
      { 'content-type': ' Text/PLAIN ;charset=utf-8', origin: 'https://evil.test' },
      403,
    ],
    [
      'of a type that a browser asks for first',
      { 'content-type': 'text/csv', origin: 'https://evil.test' },
      200,
    ],
    [
      'with the password that a browser adds by itself',
      { ...text, origin: 'https://evil.test', authorization: 'Basic YTpi' },
      403,
    ],
  ] as [string, Record<string, string>, number][])('%s: %j gives %i', async (_, headers, status) => {
    const reply = await post(headers);
    // not refused: the upload itself may be
    expect(reply.statusCode === 403 ? 403 : 200).toBe(status);
    if (status === 403) expect(reply.json()).toMatchObject({ code: 'cross_site' });
  });

  it('needs no content type on /v2 from a program, and one from a page of another site', async () => {
    expect((await post({}, unload)).statusCode).toBe(404);
    expect((await post({ origin: 'https://evil.test' }, unload)).statusCode).toBe(403);
    expect((await post({ ...json, origin: 'https://evil.test' }, unload)).statusCode).toBe(404);
  });

  it('may be anything from a page of the allowed origin', async () => {
    const page = { origin: 'https://page.test', ...bearer('all') };
    expect((await post({ ...text, ...page }, upload, allowing.app)).statusCode).not.toBe(403);
    expect((await post(page, unload, allowing.app)).statusCode).toBe(404);
    // the key alone shows that the browser asked first
    const other = { ...page, origin: 'https://evil.test' };
    expect((await post({ ...text, ...other }, unload, allowing.app)).statusCode).toBe(404);
    const without = { ...text, origin: 'https://evil.test' };
    expect((await post(without, unload, allowing.app)).json()).toMatchObject({ error: expect.stringContaining('https://evil.test') as string }); // prettier-ignore
  });

  it('that only reads is not concerned', async () => {
    const reply = await closed.app.inject({
      method: 'GET',
      url: upload,
      headers: { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' },
    });
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('the pages of an allowed origin', () => {
  const page = { origin: 'https://page.test' };

  it('may use every method and header of every route', async () => {
    const { paths = {} } = (await allowing.app.describeApi()) as unknown as {
      paths?: Record<string, object>;
    };
    for (const [path, operations] of Object.entries(paths))
      for (const method of Object.keys(operations)) {
        const headers = 'authorization,x-api-key,content-type,inference-header-content-length,last-event-id';
        const reply = await allowing.app.inject({
          method: 'OPTIONS',
          url: path.replaceAll(/\{\w+\}/g, 'nobody'),
          headers: { ...page, 'access-control-request-method': method.toUpperCase(), 'access-control-request-headers': headers }, // prettier-ignore
        });
        expect(reply.statusCode).toBe(204);
        expect(String(reply.headers['access-control-allow-methods']).split(', ')).toContain(
          method.toUpperCase(),
        );
        expect(reply.headers['access-control-allow-headers']).toBe(headers);
      }
  });

  it('can read every refusal', async () => {
    const inject = (method: 'GET' | 'POST' | 'PUT', url: string, headers: object, payload?: string) =>
      allowing.app.inject({
        method,
        url,
        headers: { ...page, ...headers },
        ...(payload !== undefined && { payload }),
      });
    const classify = '/v1/models/classifier/classify';
    const replies = [
      await inject('GET', '/v1/models', {}),
      await inject('GET', '/v1/datasets', bearer('infer')),
      await inject('GET', '/nothing', {}),
      await inject('GET', '/%zz', {}),
      await inject('GET', `/v1/models/${'a'.repeat(300)}`, bearer('infer')),
      await inject('PUT', '/v1/models', bearer('infer')),
      await inject('POST', classify, { ...bearer('infer'), ...json }, '{'),
      await inject('POST', classify, { ...bearer('infer'), ...json }, `"${'a'.repeat(20_000)}"`),
      await inject('POST', classify, { ...bearer('infer'), ...text }, 'a'),
      await inject('POST', '/v2/models/writer/infer', { ...bearer('infer'), ...json }, '{}'),
    ];
    allowing.state.draining = true;
    replies.push(await inject('POST', classify, { ...bearer('infer'), ...json }, '{}'));
    allowing.state.draining = false;
    let limited;
    do limited = await inject('GET', '/v1/models', bearer('infer'));
    while (limited.statusCode === 200);
    replies.push(limited);
    expect(replies.map(({ statusCode }) => statusCode)).toEqual([
      401, 403, 404, 404, 414, 405, 400, 413, 415, 400, 503, 429,
    ]);
    for (const { headers } of replies) {
      expect(headers['access-control-allow-origin']).toBe('https://page.test');
      for (const name of [
        'inference-header-content-length',
        'retry-after',
        'www-authenticate',
        'x-request-id',
      ])
        expect(String(headers['access-control-expose-headers']).split(', ')).toContain(name);
      expect(headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
    }
  });
});
