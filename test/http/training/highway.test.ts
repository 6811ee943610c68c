import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { serveApp } from '../served-app.ts';

const served = await serveApp({ maxBodyBytes: 1_000_000 });
afterAll(() => served.close());
const { app } = served;
const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload });
const get = (url: string) => app.inject({ method: 'GET', url });

it('a job trains a network with highway layers, and its model is shown and answers', async () => {
  const made = await post('/v1/training/jobs', {
    model: 'with-highway',
    task: 'classify',
    network: {
      layers: [
        { type: 'embedding', units: 8 },
        { type: 'recurrent', cell: 'gru', units: 12 },
        { type: 'highway', name: 'way', activation: 'relu' },
        { type: 'dense' },
      ],
    },
    data: {
      records: Array.from({ length: 10 }, () => [
        { text: 'aab', label: 'x' },
        { text: 'abb', label: 'y' },
      ]).flat(),
    },
    budget: { epochs: 2 },
  });
  expect(made.statusCode).toBe(200);
  const { id } = made.json<{ id: string }>();
  const ended = ['succeeded', 'failed', 'cancelled'];
  let job = { status: '', published: null as string | null };
  while (!ended.includes(job.status)) {
    await delay(20);
    job = (await get(`/v1/training/jobs/${id}`)).json();
  }
  expect(job).toMatchObject({ status: 'succeeded', published: 'with-highway@1' });
  expect((await post('/v1/models/with-highway/classify', { input: 'aab' })).statusCode).toBe(200);
  const { layers } = (await get('/v1/models/with-highway')).json<{ layers: object[] }>();
  expect(layers).toContainEqual(
    expect.objectContaining({
      name: 'way',
      type: 'highway',
      detail: 'relu',
      width: 12,
      parameters: 2 * 12 * 13,
    }),
  );
});
