import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { changeKeys, generateKey, hashKey } from '../../src/access/keys-file.ts';
import { itWithProgram } from '../support/needs.ts';
import { modelFolder } from './model-folder.ts';
import { startSite, type Site } from './page.ts';
import { startServer, until } from './server-process.ts';

// What the page of another site can do in a real browser.

const chromium = { program: 'chromium', debianPackage: 'chromium' };
const folder = modelFolder(['classifier', 'writer']);
const work = mkdtempSync(join(tmpdir(), 'unroll-pages-'));
let site: Site;
beforeAll(async () => {
  site = await startSite();
});
afterAll(() => {
  site.close();
  folder.remove();
  rmSync(work, { recursive: true, force: true });
});

itWithProgram(chromium, 'a page of another site changes nothing and reads nothing', async () => {
  const server = await startServer(folder.path, { LOG_LEVEL: 'info' });
  const result = await site.run(`
    const api = '${server.url}';
    const records = '{"text":"a","label":"b"}\\n{"text":"b","label":"a"}\\n';
    const form = new FormData();
    form.append('file', new Blob([records], { type: 'text/plain' }), 'a.jsonl');
    const outcomes = {};
    const attempt = async (name, work) => {
      outcomes[name] = await work().then((reply) => reply.type ?? 'sent', () => 'refused');
    };
    const quiet = { method: 'POST', mode: 'no-cors' };
    await attempt('text', () => fetch(api + '/v1/datasets?step=text', { ...quiet, body: records }));
    await attempt('form', () => fetch(api + '/v1/datasets?step=form', { ...quiet, body: form }));
    await attempt('nothing', () => fetch(api + '/v2/repository/models/writer/unload', quiet));
    await attempt('untyped', () => fetch(api + '/v2/repository/models/writer/unload', { ...quiet, body: new Blob(['{}']) }));
    await attempt('beacon', async () => navigator.sendBeacon(api + '/v2/repository/models/writer/unload', '{}'));
    await attempt('json', () => fetch(api + '/v2/repository/models/writer/unload', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }));
    await attempt('delete', () => fetch(api + '/v1/datasets/ds_1', { method: 'DELETE' }));
    await attempt('read', () => fetch(api + '/v1/models'));
    const frame = document.body.appendChild(Object.assign(document.createElement('iframe'), { name: 'frame' }));
    const submitted = document.createElement('form');
    Object.assign(submitted, { action: api + '/v1/datasets?step=submit', method: 'post', enctype: 'multipart/form-data', target: 'frame' });
    document.body.append(submitted);
    const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
    submitted.submit();
    await loaded;
    return outcomes;
  `);
  // the page learns nothing, also of what its browser sent
  expect(result).toEqual({
    text: 'refused',
    form: 'refused',
    nothing: 'refused',
    untyped: 'refused',
    beacon: 'sent',
    json: 'refused',
    delete: 'refused',
    read: 'refused',
  });
  const countRefused = (path: string): number =>
    server
      .output()
      .split('\n')
      .filter((line) => line.includes('"code":"cross_site"') && line.includes(path)).length;
  await until(() => countRefused('/v1/datasets') === 3 && countRefused('/writer/unload') === 3);
  expect(await (await server.get('/v1/datasets')).json()).toMatchObject({ data: [] });
  expect((await server.get('/v2/models/writer/ready')).status).toBe(200);
  expect(await server.stop()).toBe(0);
});

itWithProgram(chromium, 'a page of the allowed origin uses every kind of route with its key', async () => {
  const file = join(work, 'keys.json');
  const key = generateKey();
  const sha256 = hashKey(key).toString('hex');
  changeKeys(file, () => [
    { name: 'page', sha256, scopes: ['infer', 'train'], created: '2026-01-01T00:00:00Z' },
  ]);
  const server = await startServer(folder.path, {
    API_KEYS_FILE: file,
    CORS_ORIGIN: site.origin,
    MAX_BODY_BYTES: 5000,
  });
  const result = await site.run(`
    const api = '${server.url}';
    const headers = { authorization: 'Bearer ${key}' };
    const json = { ...headers, 'content-type': 'application/json' };
    const call = (path, options = {}) => fetch(api + path, { headers, ...options });
    const post = (path, body, more = {}) => call(path, { method: 'POST', headers: { ...json, ...more }, body: JSON.stringify(body) });
    const models = await call('/v1/models');
    const records = '{"text":"a","label":"b"}\\n{"text":"b","label":"a"}\\n';
    const uploaded = await call('/v1/datasets', { method: 'POST', headers: { ...headers, 'content-type': 'application/jsonl' }, body: records });
    const { id } = await uploaded.json();
    const removed = await call('/v1/datasets/' + id, { method: 'DELETE' });
    const tensors = { inputs: [{ name: 'input', datatype: 'BYTES', shape: [1], data: ['abc'] }], parameters: { binary_data_output: true } };
    const inferred = await post('/v2/models/classifier/infer', tensors);
    const long = await post('/v1/models/classifier/classify', { input: 'a'.repeat(10000) });
    const stranger = await fetch(api + '/v1/models');
    const other = await fetch(api + '/v1/models', { headers: { 'x-api-key': 'wrong' } });
    const forbidden = await post('/v2/repository/models/writer/unload', {});
    const stream = await post('/v1/models/writer/generate', { max_tokens: 3, stream: true });
    return {
      statuses: [models, uploaded, removed, inferred, long, stranger, other, forbidden, stream].map(({ status }) => status),
      length: Number(inferred.headers.get('inference-header-content-length')) > 0,
      challenge: stranger.headers.get('www-authenticate'),
      id: (models.headers.get('x-request-id') ?? '').length,
      code: (await long.json()).code,
      events: (await stream.text()).includes('event: done'),
    };
  `);
  expect(result).toEqual({
    statuses: [200, 200, 200, 200, 413, 401, 401, 403, 200],
    length: true,
    challenge: 'Bearer realm="unroll"',
    id: 36,
    code: 'body_too_large',
    events: true,
  });
  expect(await server.stop()).toBe(0);
});
