import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { withoutKey } from '../../../src/access/caller.ts';
import { scopes } from '../../../src/access/scopes.ts';
import { bearer, knownKeys } from '../key-ring.ts';
import { serveApp, type ServedApp } from '../served-app.ts';
import { job as jobBody } from './training-api.ts';

// Jobs, datasets and comparisons belong to the key that made them, also after a restart.

const authentication = knownKeys({
  alice: { scopes: ['train'] },
  bob: { scopes: ['train'] },
  root: { scopes: ['admin'] },
});
const open: ServedApp[] = [];
afterAll(async () => {
  for (const served of open) await served.close();
});
async function serve(folder?: string, keyless = false): Promise<ServedApp> {
  const none = { kind: 'none', caller: withoutKey(scopes) } as const;
  const served = await serveApp(
    { authentication: keyless ? none : authentication, maxBodyBytes: 1_000_000 },
    folder === undefined ? {} : { folder },
  );
  open.push(served);
  return served;
}

const call = async (
  served: ServedApp,
  key: string,
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  payload?: object,
) => served.app.inject({ method, url, headers: bearer(key), ...(payload && { payload }) });
const upload = async (served: ServedApp, key: string): Promise<string> => {
  const headers = { ...bearer(key), 'content-type': 'application/jsonl' };
  const payload = '{"text":"aab","label":"x"}\n{"text":"abb","label":"y"}\n';
  const reply = await served.app.inject({ method: 'POST', url: '/v1/datasets', headers, payload });
  return reply.json<{ id: string }>().id;
};
const create = async (served: ServedApp, key: string, url: string, body: object): Promise<string> => {
  const reply = await call(served, key, 'POST', url, body);
  expect(reply.statusCode, reply.body).toBe(200);
  return reply.json<{ id: string }>().id;
};
const comparisonBody = (model: string) => {
  const { model: _, ...spec } = jobBody();
  return { model, spec, cells: ['gru'] };
};
const list = async (served: ServedApp, key: string, url: string): Promise<string[]> =>
  (await call(served, key, 'GET', url)).json<{ data: { id: string }[] }>().data.map(({ id }) => id);

interface Ids {
  readonly dataset: string;
  readonly job: string;
  readonly comparison: string;
}
const createAll = async (served: ServedApp, key: string): Promise<Ids> => ({
  dataset: await upload(served, key),
  job: await create(
    served,
    key,
    '/v1/training/jobs',
    jobBody({ model: `of-${key}`, budget: { epochs: 100_000 } }),
  ),
  comparison: await create(served, key, '/v1/training/comparisons', comparisonBody(`cmp-${key}`)),
});

/** Everything that can be asked about records by their ids. */
const accesses = ({ dataset, job, comparison }: Ids) =>
  [
    ['GET', `/v1/datasets/${dataset}`],
    ['DELETE', `/v1/datasets/${dataset}`],
    ['GET', `/v1/training/jobs/${job}`],
    ['GET', `/v1/training/jobs/${job}/events`],
    ['GET', `/v1/training/jobs/${job}/events?stream=true`],
    ['GET', `/v1/training/jobs/${job}/checkpoints`],
    ['POST', `/v1/training/jobs/${job}/pause`],
    ['POST', `/v1/training/jobs/${job}/resume`],
    ['POST', `/v1/training/jobs/${job}/cancel`],
    ['POST', `/v1/training/jobs/${job}/checkpoints/1/publish`],
    ['GET', `/v1/training/comparisons/${comparison}`],
    ['POST', `/v1/training/comparisons/${comparison}/cancel`],
  ] as const;

async function expectHidden(served: ServedApp, key: string, ids: Ids): Promise<void> {
  for (const [method, url] of accesses(ids)) {
    const nothing = url.replace(/(ds|job|cmp)_[\da-f]+/, '$1_none');
    const [hidden, missing] = [
      await call(served, key, method, url),
      await call(served, key, method, nothing),
    ];
    expect([method, url, hidden.statusCode]).toEqual([method, url, 404]);
    expect(hidden.body.replace(/(ds|job|cmp)_[\da-f]+/, '$1_none')).toBe(missing.body);
  }
}

describe('a record of a key', () => {
  it('is for others as if it were not there, and admin sees all, also after a restart', async () => {
    const first = await serve();
    const ids = await createAll(first, 'alice');
    const kinds = ['/v1/datasets', '/v1/training/jobs', '/v1/training/comparisons'] as const;
    const check = async (served: ServedApp): Promise<void> => {
      await expectHidden(served, 'bob', ids);
      for (const url of kinds) {
        expect(await list(served, 'bob', url)).toEqual([]);
        expect((await list(served, 'alice', url)).length).toBeGreaterThan(0);
        expect(await list(served, 'root', url)).toEqual(await list(served, 'alice', url));
      }
      for (const [method, url] of accesses(ids).filter(
        ([method, url]) => method === 'GET' && !url.includes('stream'),
      ))
        for (const key of ['alice', 'root'])
          expect((await call(served, key, method, url)).statusCode).toBe(200);
      const shown = await call(served, 'root', 'GET', `/v1/training/jobs/${ids.job}`);
      expect(shown.json()).toMatchObject({ owner: 'alice' });
    };
    await check(first);
    await first.training.close(5000);
    await check(await serve(first.data));
  });

  it('cannot be used by others: a dataset as data, a name that is being trained', async () => {
    const served = await serve();
    const { dataset } = await createAll(served, 'alice');
    for (const data of ['data', 'validation']) {
      const body = jobBody({ model: 'of-bob', [data]: { dataset } });
      const refused = await call(served, 'bob', 'POST', '/v1/training/jobs', body);
      expect(refused.json()).toMatchObject({ code: 'dataset_not_found' });
      const { model: _, ...spec } = body;
      const comparison = await call(served, 'bob', 'POST', '/v1/training/comparisons', {
        model: 'c',
        spec,
        cells: ['gru'],
      });
      expect(comparison.json()).toMatchObject({ code: 'dataset_not_found' });
    }
    const taken = await call(served, 'bob', 'POST', '/v1/training/jobs', jobBody({ model: 'of-alice' }));
    expect(taken.json()).toMatchObject({ code: 'name_taken', detail: 'model: "of-alice" is being trained by a job of another key' }); // prettier-ignore
  });

  it('can be cancelled by its key and by admin', async () => {
    const served = await serve();
    const { job, comparison } = await createAll(served, 'alice');
    expect((await call(served, 'alice', 'POST', `/v1/training/jobs/${job}/cancel`)).statusCode).toBe(200);
    expect(
      (await call(served, 'root', 'POST', `/v1/training/comparisons/${comparison}/cancel`)).statusCode,
    ).toBe(200);
  });
});

describe('records that were made before there were keys', () => {
  it('are seen by admin only', async () => {
    const before = await serve(undefined, true);
    const ids = await createAll(before, 'nobody');
    await before.training.close(5000);
    // as an earlier version wrote them: without an owner
    const database = new DatabaseSync(join(before.data, 'unroll.db'));
    for (const table of ['jobs', 'datasets', 'comparisons'])
      database.exec(`UPDATE ${table} SET body = json_remove(body, '$.owner')`);
    database.close();
    const after = await serve(before.data);
    await expectHidden(after, 'alice', ids);
    expect(await list(after, 'alice', '/v1/training/jobs')).toEqual([]);
    expect((await list(after, 'root', '/v1/training/jobs')).length).toBeGreaterThan(0);
    const shown = await call(after, 'root', 'GET', `/v1/training/jobs/${ids.job}`);
    expect(shown.json()).toMatchObject({ id: ids.job, owner: null });
  });

  it('keep their owners when the database is recovered from its record files', async () => {
    const before = await serve();
    const ids = await createAll(before, 'alice');
    await before.training.close(5000);
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(join(before.data, `unroll.db${suffix}`), { force: true });
    const after = await serve(before.data);
    await expectHidden(after, 'bob', ids);
    expect(await list(after, 'alice', '/v1/datasets')).toEqual([ids.dataset]);
  });
});
