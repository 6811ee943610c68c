import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder, models } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

// Aliases over real servers: every route that names a model takes one, and all servers of a folder see them.

const folder = modelFolder(['classifier', 'writer']);
for (const version of [2, 3]) folder.write('classifier', version, models.classifier, version);
folder.write('writer', 2, models.writer, 2);
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, { WORKERS: 1 });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const send = async (
  method: string,
  path: string,
  body?: unknown,
  to: ServerProcess = server,
): Promise<[status: number, body: Record<string, unknown>]> => {
  const reply = await fetch(`${to.url}${path}`, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
  return [reply.status, (await reply.json()) as Record<string, unknown>];
};
const setAlias = (model: string, alias: string, version: unknown, to?: ServerProcess) =>
  send('PUT', `/v1/models/${model}/aliases/${alias}`, { version }, to);

describe('an alias', () => {
  it('is set, shown, moved back with one call, and removed', async () => {
    const path = '/v1/models/classifier/aliases/default';
    const alias = { object: 'model.alias', model: 'classifier', alias: 'default', ready: true };
    expect(await send('GET', path)).toEqual([200, { ...alias, version: 3, set: false }]);
    expect(await setAlias('classifier', 'default', 2)).toEqual([
      200,
      { ...alias, version: 2, set: true, previous: null },
    ]);
    const [, { previous }] = await setAlias('classifier', 'default', 3);
    expect(previous).toBe(2);
    expect(await setAlias('classifier', 'default', previous)).toMatchObject([
      200,
      { version: 2, previous: 3 },
    ]);
    await setAlias('classifier', 'canary', 3);
    expect(await send('GET', '/v1/models/classifier/aliases')).toMatchObject([
      200,
      {
        data: [
          { alias: 'default', version: 2 },
          { alias: 'canary', version: 3 },
        ],
      },
    ]);
    const shown = { version: 2, versions: [3, 2, 1], aliases: { default: 2, canary: 3 } };
    expect((await send('GET', '/v1/models/classifier'))[1]).toMatchObject(shown);
    const { data } = (await send('GET', '/v1/models'))[1] as { data: { id: string }[] };
    expect(data.find(({ id }) => id === 'classifier')).toMatchObject(shown);
    const metrics = await (await server.get('/metrics')).text();
    expect(metrics).toContain('unroll_model_alias_info{model="classifier",version="2",alias="default"} 1');
    expect(await send('DELETE', path)).toMatchObject([200, { version: null, set: false, previous: 2 }]);
    expect(await send('GET', path)).toMatchObject([200, { version: 3, set: false }]);
    expect((await send('DELETE', path))[1]).toMatchObject({ code: 'alias_not_found' });
  });

  it('names a model on every route', async () => {
    await setAlias('classifier', 'old', 1);
    await setAlias('writer', 'old', 1);
    const v1 = await send('POST', '/v1/models/classifier@old/classify', { input: 'abc' });
    expect(v1).toMatchObject([200, { model: 'classifier', version: 1 }]);
    const inputs = [{ name: 'input', datatype: 'BYTES', shape: [1], data: ['abc'] }];
    for (const path of ['classifier@old', 'classifier/versions/old'])
      expect(await send('POST', `/v2/models/${path}/infer`, { inputs })).toMatchObject([
        200,
        { model_name: 'classifier', model_version: '1' },
      ]);
    expect((await send('GET', '/v2/models/classifier@old/ready'))[0]).toBe(200);
    const completion = { model: 'writer@old', prompt: 'ab', max_tokens: 2 };
    expect(await send('POST', '/v1/completions', completion)).toMatchObject([200, { model: 'writer@1' }]);
    const [status, session] = await send('POST', '/v1/sessions', { model: 'writer@old' });
    expect([status, session]).toMatchObject([200, { model: 'writer', version: 1 }]);
    // which stays with its version when the alias moves
    await setAlias('writer', 'old', 2);
    const id = String(session['id']);
    expect(await send('GET', `/v1/sessions/${id}`)).toMatchObject([200, { version: 1 }]);
    const step = { input: 'a' };
    expect(await send('POST', `/v1/sessions/${id}/steps`, step)).toMatchObject([200, { version: 1 }]);
  });

  it.each([
    ['PUT', '/v1/models/classifier/aliases/3', { version: 1 }, 400, 'invalid_request'],
    ['PUT', '/v1/models/classifier/aliases/a%2Fb', { version: 1 }, 400, 'invalid_request'],
    ['PUT', '/v1/models/classifier@2/aliases/a', { version: 1 }, 400, 'invalid_model_name'],
    ['PUT', '/v1/models/classifier/aliases/a', { version: 0 }, 400, 'invalid_request'],
    ['PUT', '/v1/models/classifier/aliases/a', { version: '2' }, 400, 'invalid_request'],
    ['PUT', '/v1/models/classifier/aliases/a', {}, 400, 'invalid_request'],
    ['PUT', '/v1/models/classifier/aliases/a', { version: 9 }, 404, 'model_not_found'],
    ['PUT', '/v1/models/nobody/aliases/a', { version: 1 }, 404, 'model_not_found'],
    ['GET', '/v1/models/nobody/aliases', undefined, 404, 'model_not_found'],
    ['GET', '/v1/models/classifier/aliases/unset', undefined, 404, 'alias_not_found'],
    ['POST', '/v1/models/classifier@unset/classify', { input: 'a' }, 404, 'alias_not_found'],
  ])('%s %s %j is refused', async (method, path, body, status, code) => {
    expect(await send(method, path, body)).toMatchObject([status, { code }]);
  });

  it('moves under load without a failed request, on every server of the folder', async () => {
    const other = await startServer(folder.path, { WORKERS: 1 });
    let running = true;
    const seen = new Map<string, number>();
    const call = async (to: ServerProcess): Promise<void> => {
      while (running) {
        const [status, { version }] = await send(
          'POST',
          '/v1/models/classifier/classify',
          { input: 'ab' },
          to,
        );
        const key = `${to === server ? 'first' : 'second'} ${status} ${String(version)}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
    };
    const callers = [server, server, other, other].map(call);
    for (const version of [1, 2, 1, 3]) {
      await setAlias('classifier', 'default', version);
      const [, { version: own }] = await send('POST', '/v1/models/classifier/classify', { input: 'ab' });
      expect(own).toBe(version);
      await until(async () => {
        const [, reply] = await send('POST', '/v1/models/classifier/classify', { input: 'ab' }, other);
        return reply['version'] === version;
      });
    }
    running = false;
    await Promise.all(callers);
    await other.stop();
    expect([...seen.keys()].filter((key) => !key.includes(' 200 '))).toEqual([]);
    expect([...seen.keys()].filter((key) => key.startsWith('second'))).toHaveLength(3);
  });

  it('survives a restart', async () => {
    await setAlias('classifier', 'default', 1);
    await server.stop();
    server = await startServer(folder.path, { WORKERS: 1 });
    expect(await send('POST', '/v1/models/classifier/classify', { input: 'a' })).toMatchObject([
      200,
      { version: 1 },
    ]);
  });
});

describe('versions and models', () => {
  it('are deleted, but not while an alias points at them', async () => {
    await setAlias('classifier', 'default', 1);
    await setAlias('classifier', 'canary', 2);
    expect(await send('DELETE', '/v1/models/classifier/versions/2')).toMatchObject([
      409,
      { code: 'in_use', detail: expect.stringContaining('the alias canary') as string },
    ]);
    await send('DELETE', '/v1/models/classifier/aliases/canary');
    expect(await send('DELETE', '/v1/models/classifier/versions/2')).toEqual([
      200,
      { id: 'classifier@2', deleted: true },
    ]);
    expect((await send('GET', '/v1/models/classifier'))[1]).toMatchObject({ versions: [3, 1] });
    expect((await send('DELETE', '/v1/models/classifier/versions/2'))[0]).toBe(404);
    expect(await send('DELETE', '/v1/models/classifier')).toEqual([200, { id: 'classifier', deleted: true }]);
    expect((await send('POST', '/v1/models/classifier/classify', { input: 'a' }))[0]).toBe(404);
  });

  it('let streams that run on them finish', async () => {
    const body = { prompt: 'ab', max_tokens: 3000, stream: true, temperature: 1, seed: 1 };
    const reply = await server.post('/v1/models/writer@1/generate', body);
    const reader = reply.body!.pipeThrough(new TextDecoderStream()).getReader();
    await reader.read();
    await send('DELETE', '/v1/models/writer/aliases/old');
    expect((await send('DELETE', '/v1/models/writer/versions/1'))[0]).toBe(200);
    let text = '';
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
    expect(text).toContain('event: done');
    expect((await send('GET', '/v1/models/writer@1'))[0]).toBe(404);
  });
});

it('are not replaced where their file cannot be read', async () => {
  const file = join(folder.path, 'writer/aliases.json');
  writeFileSync(file, '{');
  expect(await setAlias('writer', 'default', 2)).toMatchObject([409, { code: 'models_read_only' }]);
  expect(readFileSync(file, 'utf8')).toBe('{');
});
