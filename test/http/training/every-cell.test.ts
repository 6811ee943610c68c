import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { cellNames } from '../../../src/cells/registry.ts';
import { serveApp } from '../served-app.ts';

// Every registered cell over HTTP: trained, published, described, used for inference and compared.

const served = await serveApp({ maxBodyBytes: 1_000_000 });
afterAll(() => served.close());
const { app } = served;
const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload });
const get = (url: string) => app.inject({ method: 'GET', url });

/** Polls until `done`. */
async function poll<T>(url: string, done: (body: T) => boolean): Promise<T> {
  for (;;) {
    const body = (await get(url)).json<T>();
    if (done(body)) return body;
    await delay(20);
  }
}

const spec = (cell: string) => ({
  task: 'classify',
  network: {
    layers: [
      { type: 'embedding', units: 8 },
      { type: 'recurrent', name: 'cells', cell, units: 12 },
      { type: 'dense' },
    ],
  },
  data: {
    records: Array.from({ length: 10 }, () => [
      { text: 'aab', label: 'x' },
      { text: 'abb', label: 'y' },
      { text: 'aaab', label: 'x' },
      { text: 'abbb', label: 'y' },
    ]).flat(),
  },
  budget: { epochs: 2 },
});

it.each(cellNames)('a job trains a network of %s, whose model is described and serves', async (cell) => {
  const made = await post('/v1/training/jobs', { model: `of-${cell}`, ...spec(cell) });
  expect(made.statusCode).toBe(200);
  const { id } = made.json<{ id: string }>();
  const job = await poll<{ status: string; published: string | null }>(
    `/v1/training/jobs/${id}`,
    ({ status }) => ['succeeded', 'failed', 'cancelled'].includes(status),
  );
  expect(job).toMatchObject({ status: 'succeeded', published: `of-${cell}@1` });
  expect((await post(`/v1/models/of-${cell}/classify`, { input: 'aab' })).statusCode).toBe(200);
  const { layers } = (await get(`/v1/models/of-${cell}`)).json<{
    layers: { name: string; detail: string }[];
  }>();
  expect(layers.find(({ name }) => name === 'cells')?.detail.split(' ')[0]).toBe(cell);
});

it('a comparison trains all cells', async () => {
  const made = await post('/v1/training/comparisons', {
    model: 'compared',
    cells: cellNames,
    spec: spec('lstm'),
  });
  expect(made.statusCode).toBe(200);
  const { id } = made.json<{ id: string }>();
  const { status, trials } = await poll<{ status: string; trials: { cell: string; status: string }[] }>(
    `/v1/training/comparisons/${id}`,
    ({ status: now }) => !['running', 'publishing'].includes(now),
  );
  expect(status).toBe('succeeded');
  expect(trials.map(({ cell }) => cell).toSorted()).toEqual([...cellNames].toSorted());
  expect(trials.map((trial) => trial.status)).toEqual(cellNames.map(() => 'succeeded'));
});
