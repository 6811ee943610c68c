import { afterAll, expect, it } from 'vitest';
import { closeApp, get, job, network, post, type Problem } from './training-api.ts';

afterAll(closeApp);

it('a dry run checks a job and creates nothing', async () => {
  const reply = await post('/v1/training/jobs?dry_run=true', job());
  expect([reply.statusCode, reply.json()]).toMatchObject([
    200,
    { object: 'training.job.check', spec: { publish: 'if_better', keep: 3 } },
  ]);
  expect(reply.json<{ least_bytes: number }>().least_bytes).toBeGreaterThan(0);
  expect((await get('/v1/training/jobs')).json<{ data: unknown[] }>().data).toEqual([]);
});

it.each([
  [{ data: { dataset: 'ds_none' } }, 404, 'dataset_not_found'],
  [{ network: undefined, base: 'nobody@1' }, 404, 'model_not_found'],
  [
    { network: { layers: [...network.layers.slice(0, 1), { type: 'recurrent', cell: 'lstmm', units: 4 }] } },
    400,
    'invalid_request',
  ],
  [
    {
      network: { layers: [{ type: 'recurrent', cell: 'lstm', units: 8192 }, { type: 'dense' }] },
      inputs: { kind: 'numeric' },
    },
    422,
    'training_too_large',
  ],
])('a dry run and a creation refuse %j alike', async (more, status, code) => {
  for (const query of ['?dry_run=true', '']) {
    const reply = await post(`/v1/training/jobs${query}`, job(more));
    expect([reply.statusCode, reply.json<Problem>().code]).toEqual([status, code]);
  }
});

it('a wrong cell is refused where the job is created, with its field', async () => {
  const layers = [network.layers[0], { type: 'recurrent', cell: 'lstmm', units: 4 }, { type: 'dense' }];
  const reply = await post('/v1/training/jobs', job({ network: { layers } }));
  expect([reply.statusCode, reply.json<Problem>().field]).toEqual([400, 'network.layers.1.cell']);
});
