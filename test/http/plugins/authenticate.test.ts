import fastify, { type RouteOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { withoutKey } from '../../../src/access/caller.ts';
import { scopes } from '../../../src/access/scopes.ts';
import * as plugin from '../../../src/http/plugins/authenticate.ts';
import { bearer, knownKeys } from '../key-ring.ts';
import { serveApp, type ServedApp } from '../served-app.ts';

const added = vi.hoisted((): RouteOptions[] => []);
vi.mock('../../../src/http/plugins/authenticate.ts', async (original) => {
  const real = await original<typeof plugin>();
  const requireAccess: typeof real.requireAccess = (app) => {
    app.addHook('onRoute', (route) => void added.push(route));
    real.requireAccess(app);
  };
  return { ...real, requireAccess };
});

const keys = knownKeys({
  infer: { scopes: ['infer'] },
  train: { scopes: ['train'] },
  admin: { scopes: ['admin'] },
  writers: { scopes: ['infer', 'train'], models: ['writ*', 'made-*'] },
});
let served: ServedApp;
let routes: RouteOptions[];
beforeAll(async () => {
  served = await serveApp({ authentication: keys });
  routes = [...added];
});
afterAll(() => served.close());

const get = (url: string, headers: Record<string, string> = {}) =>
  served.app.inject({ method: 'GET', url, headers });
const post = (url: string, key: string, payload: object) =>
  served.app.inject({ method: 'POST', url, headers: bearer(key), payload });

/** Every method and path of the app, with names of nothing for its parameters. */
const calls = () =>
  routes.flatMap(({ method, url, config }) =>
    [method].flat().map((one) => ({
      method: one as 'GET',
      url: url.replaceAll(/:\w+/g, 'nobody').replace('*', 'nothing'),
      pattern: url,
      access: config?.access,
    })),
  );

describe('the routes of an app', () => {
  it('cannot be added without saying what access they need', async () => {
    const app = fastify();
    plugin.requireAccess(app);
    expect(() => app.get('/v1/new', () => '')).toThrow('GET /v1/new does not say what access it needs');
    app.get('/v1/known', { config: { access: 'train' } }, () => '');
    await app.close();
  });

  it('all say what access they need', () => {
    expect(calls().length).toBeGreaterThan(100);
    expect(calls().filter(({ access }) => access === undefined)).toEqual([]);
  });

  it('are open for health, documentation and refusals of a method, and closed otherwise', async () => {
    const open = new Set<string>();
    for (const { method, url, pattern, access } of calls()) {
      const { statusCode, headers } = await served.app.inject({ method, url });
      expect([method, url, statusCode === 401]).toEqual([method, url, access !== 'open']);
      if (statusCode === 401) expect(headers['www-authenticate']).toBe('Bearer realm="unroll"');
      if (access === 'open' && statusCode !== 405) open.add(pattern);
    }
    const expected = ['/', '/openapi.json', '/v2/health/live', '/v2/health/ready'];
    expect([...open].filter((url) => !/^\/docs(\/|$)/.test(url)).sort()).toEqual(expected);
  });

  it('take a key with their scope, and admin for any', async () => {
    for (const { method, url, access } of calls())
      for (const scope of scopes) {
        const { statusCode } = await served.app.inject({ method, url, headers: bearer(scope) });
        const allowed = access === 'open' || access === scope || scope === 'admin';
        expect([method, url, scope, statusCode === 403]).toEqual([method, url, scope, !allowed]);
        expect(statusCode).not.toBe(401);
      }
  });

  it('name their scope in the API document', async () => {
    const { paths = {} } = (await served.app.describeApi()) as unknown as {
      paths?: Record<string, Record<string, object>>;
    };
    expect(paths['/v1/training/jobs']!['post']).toMatchObject({
      security: [{ bearer: ['train'] }, { apiKey: ['train'] }, {}],
    });
    expect(paths['/v2/repository/models/{model}/load']!['post']).toMatchObject({
      security: [{ bearer: ['admin'] }, { apiKey: ['admin'] }, {}],
    });
    expect(paths['/v2/health/live']!['get']).not.toHaveProperty('security');
  });
});

describe('a key', () => {
  it.each([
    [{ authorization: 'Bearer infer' }, 200],
    [{ authorization: 'bearer  infer ' }, 200],
    [{ 'x-api-key': 'infer' }, 200],
    [{ authorization: 'Basic aW5mZXI6', 'x-api-key': 'infer' }, 200],
    [{}, 401],
    [{ authorization: 'infer' }, 401],
    [{ authorization: 'Bearer ' }, 401],
    [{ authorization: 'Basic infer' }, 401],
    [{ authorization: 'Bearer wrong' }, 401],
    [{ authorization: 'Bearer wrong', 'x-api-key': 'infer' }, 401],
    [{ 'x-api-key': '' }, 401],
    [{ 'x-api-key': 'infer, infer' }, 401],
  ] as [Record<string, string>, number][])('in %j gives %i', async (headers, status) => {
    const reply = await get('/v1/models', headers);
    expect(reply.statusCode).toBe(status);
    if (status === 401) expect(reply.json()).toMatchObject({ code: 'unauthorized', status: 401 });
  });

  it('in the query is not taken', async () => {
    expect((await get('/v1/models?api_key=infer&key=infer')).statusCode).toBe(401);
  });

  it('of another scope is refused with the scope that is needed, in the form of the route', async () => {
    expect((await get('/v1/datasets', bearer('infer'))).json()).toMatchObject({
      code: 'forbidden',
      detail: 'this route needs the scope train; the key infer has infer',
    });
    expect((await post('/v2/repository/models/writer/load', 'infer', {})).json()).toEqual({
      error: 'this route needs the scope admin; the key infer has infer',
    });
  });

  it('is refused before the body is read', async () => {
    const reply = await served.app.inject({
      method: 'POST',
      url: '/v1/models/classifier/classify',
      headers: { 'content-type': 'application/json' },
      payload: 'not JSON',
    });
    expect(reply.statusCode).toBe(401);
  });
});

describe('a key with model patterns', () => {
  const names = async (key: string) => {
    const v1 = (await get('/v1/models', bearer(key))).json<{ data: { id: string }[] }>();
    const index = (await post('/v2/repository/index', key, {})).json<{ name: string }[]>();
    const stats = (await get('/v2/models/stats', bearer(key))).json<{ model_stats: { name: string }[] }>();
    return [
      v1.data.map(({ id }) => id),
      index.map(({ name }) => name),
      stats.model_stats.map(({ name }) => name),
    ];
  };

  it('lists those models only, everywhere', async () => {
    expect(await names('infer')).toEqual(Array.from({ length: 3 }, () => ['classifier', 'writer']));
    expect(await names('writers')).toEqual(Array.from({ length: 3 }, () => ['writer']));
  });

  it('has others as if they were not there, on every route with a model', async () => {
    for (const { method, url, access } of calls()) {
      if (!url.includes('/models/nobody') || access !== 'infer') continue;
      for (const name of ['classifier', 'classifier@1', 'nothing']) {
        const reply = await served.app.inject({
          method,
          url: url.replace('nobody', name),
          headers: bearer('writers'),
          ...(method !== 'GET' && { payload: {} }),
        });
        expect([method, url, reply.statusCode]).toEqual([method, url, 404]);
        if (!reply.payload) continue;
        const { detail, error } = reply.json<{ detail?: string; error?: string }>();
        // problem documents may have OpenAI's `error` too, tensor replies have theirs alone
        expect(detail ?? error).toBe(`there is no model ${name} for this key`);
      }
    }
    expect((await post('/v1/models/writer@1/generate', 'writers', { max_tokens: 1 })).statusCode).toBe(200);
  });

  it('trains under those names only, and from those models only', async () => {
    const job = { task: 'classify', network: { layers: [{ type: 'dense' }] }, data: { records: [{ text: 'a', label: 'b' }] } }; // prettier-ignore
    for (const body of [
      { ...job, model: 'other' },
      { task: 'classify', data: job.data, model: 'made-a', base: 'classifier' },
    ])
      expect((await post('/v1/training/jobs', 'writers', body)).json()).toMatchObject({
        code: 'model_not_found',
      });
    const comparison = { model: 'other', spec: job };
    expect((await post('/v1/training/comparisons', 'writers', comparison)).json()).toMatchObject({
      code: 'model_not_found',
    });
  });

  it('cannot read the metrics of all models', async () => {
    expect((await get('/metrics', bearer('infer'))).statusCode).toBe(200);
    expect((await get('/metrics', bearer('writers'))).statusCode).toBe(403);
  });
});

describe('an app without keys', () => {
  it('that callers of other machines reach has training and administration off, and says how to enable them', async () => {
    const open = await serveApp({ authentication: { kind: 'none', caller: withoutKey(['infer']) } });
    const status = async (method: 'GET' | 'POST', url: string) =>
      (await open.app.inject({ method, url, ...(method === 'POST' && { payload: {} }) })).statusCode;
    expect(await status('GET', '/v1/models')).toBe(200);
    expect(await status('GET', '/metrics')).toBe(200);
    expect(await status('GET', '/v1/training/jobs')).toBe(403);
    expect(await status('POST', '/v1/datasets')).toBe(403);
    const reply = await open.app.inject({ method: 'POST', url: '/v2/repository/models/writer/unload' });
    expect(reply.statusCode).toBe(403);
    expect(reply.json<{ error: string }>().error).toMatch(/set UNROLL_API_KEYS_FILE, or UNROLL_OPEN=true/);
    await open.close();
  });
});

describe('an app whose metrics are set open', () => {
  it('shows them without a key', async () => {
    const open = await serveApp({ authentication: keys, metricsAccess: 'open' });
    expect((await open.app.inject({ method: 'GET', url: '/metrics' })).statusCode).toBe(200);
    await open.close();
  });
});
