import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../e2e/server-process.ts';
import { serveApp, type ServedApp } from './served-app.ts';

const classify = '/v1/models/classifier/classify';
let served: ServedApp;
beforeAll(async () => {
  served = await serveApp();
});
afterAll(() => served.close());

describe('an app', () => {
  it('serves a task', async () => {
    const reply = await served.app.inject({ method: 'POST', url: classify, payload: { input: 'abc' } });
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-type']).toMatch(/^application\/json/);
    expect(reply.json()).toMatchObject({ model: 'classifier', version: 1, usage: { steps: 3 } });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream'])(
    'rejects %s',
    async (type) => {
      const reply = await served.app.inject({
        method: 'POST',
        url: classify,
        headers: { 'content-type': type },
        payload: '{"input":"abc"}',
      });
      expect(reply.statusCode).toBe(415);
      expect(reply.json()).toMatchObject({ code: 'unsupported_media_type' });
    },
  );

  it('accepts JSON with its other content types', async () => {
    const reply = await served.app.inject({
      method: 'POST',
      url: classify,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      payload: '{"input":"abc"}',
    });
    expect(reply.statusCode).toBe(200);
  });

  it('serves HEAD like GET, without a body', async () => {
    for (const url of ['/v2/health/live', '/v2/health/ready', '/v1/models', '/metrics']) {
      const reply = await served.app.inject({ method: 'HEAD', url });
      expect([url, reply.statusCode, reply.body]).toEqual([url, 200, '']);
    }
  });

  it.each([
    ['GET', classify, 'POST'],
    ['PUT', '/v1/models/classifier', 'GET, DELETE'],
    ['PUT', '/v1/models', 'GET'],
    ['PATCH', '/metrics', 'GET'],
    ['POST', '/openapi.json', 'GET'],
  ] as const)('rejects %s %s with the allowed method %s', async (method, url, allowed) => {
    const reply = await served.app.inject({ method, url });
    expect(reply.statusCode).toBe(405);
    expect(reply.headers['allow']).toBe(allowed);
    expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(reply.json()).toMatchObject({ code: 'method_not_allowed', status: 405 });
  });

  it.each(['/v2/health/live', '/v2', '/v2/models/classifier'])(
    'rejects POST %s with the allowed method GET in the form of the inference protocol',
    async (url) => {
      const reply = await served.app.inject({ method: 'POST', url });
      expect([reply.statusCode, reply.headers['allow']]).toEqual([405, 'GET']);
      expect(reply.json()).toEqual({ error: expect.stringContaining('supports GET, was POST') as string });
    },
  );

  it.each(['/nothing', '/v1', '/v1/models/a/b/c', '/v1/models/nobody', '/v1/models/%zz'])(
    'responds 404 to %s',
    async (url) => {
      const reply = await served.app.inject({ method: 'GET', url });
      expect(reply.statusCode).toBe(404);
      expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(['not_found', 'model_not_found']).toContain(reply.json<{ code: string }>().code);
    },
  );

  it('responds to an invalid body of any size with a short problem', async () => {
    const names = Array.from({ length: 900 }, (_, i) => `f${i}`);
    const many = Object.fromEntries(names.map((name) => [name, 1]));
    for (const payload of [many, { ['😀'.repeat(2000)]: 1 }, { input: [many] }]) {
      const reply = await served.app.inject({ method: 'POST', url: classify, payload });
      expect(reply.statusCode).toBe(400);
      expect(reply.body.length).toBeLessThan(2000);
      expect(reply.body.isWellFormed()).toBe(true);
    }
  });

  it.each(['GET', 'POST'] as const)(
    'reports the maximum length of a name for %s of a longer one',
    async (method) => {
      const path = `/v1/models/${'a'.repeat(257)}`;
      const reply = await served.app.inject({
        method,
        url: method === 'GET' ? path : `${path}/classify`,
        payload: {},
      });
      expect(reply.statusCode).toBe(414);
      expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(reply.json()).toMatchObject({
        code: 'path_too_long',
        detail: 'path: at most 256 characters in each segment',
      });
    },
  );

  it('sets the request id on every response, or the id that the client sent', async () => {
    const ids = [];
    for (const url of ['/v1/models', '/nothing', '/metrics'])
      ids.push((await served.app.inject({ method: 'GET', url })).headers['x-request-id']);
    expect(new Set(ids).size).toBe(3);
    const own = await served.app.inject({ method: 'GET', url: '/nothing', headers: { 'x-request-id': 'mine-1' } }); // prettier-ignore
    expect(own.headers['x-request-id']).toBe('mine-1');
  });

  it('counts requests by route, not by path', async () => {
    await served.app.inject({ method: 'GET', url: '/v1/models/somebody-new' });
    await served.app.inject({ method: 'GET', url: '/somewhere-new' });
    const text = (await served.app.inject({ method: 'GET', url: '/metrics' })).body;
    expect(text).toMatch(
      /unroll_requests_total\{method="GET",route="\/v1\/models\/:model",status="404"\} [1-9]/,
    );
    expect(text).not.toContain('somebody-new');
    expect(text).not.toContain('somewhere-new');
  });
});

describe('a draining app', () => {
  afterEach(() => (served.state.draining = false));

  it('rejects new work, is not ready, and still serves health and metrics', async () => {
    served.state.draining = true;
    const rejected = await served.app.inject({ method: 'POST', url: classify, payload: { input: 'a' } });
    expect(rejected.statusCode).toBe(503);
    expect(rejected.json()).toMatchObject({ code: 'shutting_down' });
    expect(Number(rejected.headers['retry-after'])).toBeGreaterThan(0);
    const status = async (url: string) => (await served.app.inject({ method: 'GET', url })).statusCode;
    expect(await status('/v2/health/ready')).toBe(503);
    expect(await status('/v2/health/live')).toBe(200);
    expect(await status('/metrics')).toBe(200);
    // the database of training is about to close
    expect(await status('/v1/training/jobs')).toBe(503);
    expect(await status('/v1/datasets')).toBe(503);
  });
});

describe('an app at its limit of connections', () => {
  afterEach(() => (served.state.full = false));

  it('is not ready', async () => {
    served.state.full = true;
    expect((await served.app.inject({ method: 'GET', url: '/v2/health/ready' })).statusCode).toBe(503);
    expect((await served.app.inject({ method: 'GET', url: '/v2/health/live' })).statusCode).toBe(200);
  });
});

describe('an app with a rate limit', () => {
  it('limits every route except health and metrics', async () => {
    const limited = await serveApp({ rateLimit: 2 });
    const status = async (url: string) => (await limited.app.inject({ method: 'GET', url })).statusCode;
    for (let i = 0; i < 5; i++)
      for (const url of ['/v2/health/live', '/v2/health/ready', '/metrics'])
        expect([url, await status(url)]).toEqual([url, 200]);
    expect([await status('/v1/models'), await status('/v1/models'), await status('/v1/models')]).toEqual([
      200, 200, 429,
    ]);
    const rejected = await limited.app.inject({ method: 'POST', url: classify, payload: { input: 'a' } });
    expect(rejected.statusCode).toBe(429);
    expect(rejected.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(Number(rejected.headers['retry-after'])).toBeGreaterThan(0);
    expect(rejected.json()).toMatchObject({ code: 'rate_limited', status: 429 });
    await limited.close();
  });
});

describe('an app whose event loop is delayed', () => {
  it('responds 503 until the delay ends, except to health and metrics', async () => {
    const busy = await serveApp({ maxEventLoopDelayMs: 1 });
    const get = async (url: string) => busy.app.inject({ method: 'GET', url });
    const rejected = await until(async () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      const reply = await get('/v1/models');
      return reply.statusCode === 200 ? null : reply;
    });
    expect(rejected.json()).toMatchObject({ code: 'overloaded', status: 503 });
    expect(rejected.headers['retry-after']).toBe('1');
    expect(rejected.headers['x-request-id']).toMatch(/./);
    for (const url of ['/v2/models/classifier', '/v2/models/classifier/infer', '/docs/'])
      expect([url, (await get(url)).statusCode]).toEqual([url, 503]);
    for (const url of ['/v2/health/live', '/v2/health/ready', '/v2/models/classifier/ready', '/metrics'])
      expect([url, (await get(url)).statusCode]).toEqual([url, 200]);
    await busy.close();
  });
});

describe('an app with an allowed origin', () => {
  it('responds to a preflight request and exposes its headers', async () => {
    const open = await serveApp({ corsOrigin: 'http://page.test' });
    const preflight = await open.app.inject({
      method: 'OPTIONS',
      url: classify,
      headers: {
        origin: 'http://page.test',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers['access-control-allow-origin']).toBe('http://page.test');
    expect(preflight.headers['access-control-allow-methods']).toContain('POST');
    expect(preflight.headers['access-control-allow-headers']).toBe('content-type');
    const failed = await open.app.inject({ method: 'POST', url: classify, headers: { origin: 'http://page.test' }, payload: {} }); // prettier-ignore
    expect(failed.statusCode).toBe(400);
    expect(failed.headers['access-control-allow-origin']).toBe('http://page.test');
    expect(failed.headers['access-control-expose-headers']).toMatch(/retry-after.*x-request-id/);
    await open.close();
  });

  it('does not allow any origin by default', async () => {
    const reply = await served.app.inject({
      method: 'OPTIONS',
      url: classify,
      headers: { origin: 'http://page.test', 'access-control-request-method': 'POST' },
    });
    expect(reply.statusCode).toBe(405);
    expect(reply.headers['access-control-allow-origin']).toBeUndefined();
  });
});
