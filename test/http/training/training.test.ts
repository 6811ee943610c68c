import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { serveApp } from '../served-app.ts';

// Datasets, jobs and comparisons over HTTP, and everything that may be wrong with what is sent.

const served = await serveApp({ maxBodyBytes: 1_000_000 });
afterAll(() => served.close());
const { app } = served;

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly field?: string;
  readonly errors?: { field: string; message: string }[];
}
const upload = (body: string | Buffer, type = 'application/jsonl', query = '') =>
  app.inject({
    method: 'POST',
    url: `/v1/datasets${query}`,
    headers: { 'content-type': type },
    payload: body,
  });
const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload });
const get = (url: string) => app.inject({ method: 'GET', url });
async function jobOver(
  id: string,
): Promise<{ status: string; published: string | null; error: Problem | null }> {
  for (;;) {
    const job = (await get(`/v1/training/jobs/${id}`)).json<{
      status: string;
      published: string;
      error: Problem;
    }>();
    if (['succeeded', 'failed', 'cancelled'].includes(job.status)) return job;
    await delay(10);
  }
}

const network = {
  layers: [{ type: 'embedding', units: 4 }, { type: 'recurrent', cell: 'gru', units: 4 }, { type: 'dense' }],
};
const records = [
  { text: 'aab', label: 'x' },
  { text: 'abb', label: 'y' },
  { text: 'aaab', label: 'x' },
  { text: 'abbb', label: 'y' },
];
const job = (more: object = {}) => ({
  model: 'made',
  task: 'classify',
  network,
  data: { records },
  validation: { share: 0.25 },
  budget: { epochs: 2 },
  ...more,
});

describe('datasets', () => {
  it('are taken as a raw body, shown, listed and removed', async () => {
    const made = await upload(
      records.map((one) => JSON.stringify(one)).join('\n'),
      'application/jsonl',
      '?task=classify&name=mine',
    );
    expect(made.statusCode).toBe(200);
    expect(made.json()).toMatchObject({ object: 'dataset', name: 'mine', format: 'jsonl', records: 4 });
    const { id } = made.json<{ id: string }>();
    expect(
      (await get('/v1/datasets')).json<{ data: { id: string }[] }>().data.map((one) => one.id),
    ).toContain(id);
    expect((await app.inject({ method: 'DELETE', url: `/v1/datasets/${id}` })).statusCode).toBe(200);
    expect((await get(`/v1/datasets/${id}`)).json()).toMatchObject({ code: 'dataset_not_found' });
  });

  it('are taken as a multipart file, of the kind that its name says', async () => {
    const edge = 'edge';
    const body = `--${edge}\r\ncontent-disposition: form-data; name="file"; filename="days.csv"\r\ncontent-type: application/octet-stream\r\n\r\na,b\n1,2\n\r\n--${edge}--\r\n`;
    const made = await upload(body, `multipart/form-data; boundary=${edge}`);
    expect(made.json()).toMatchObject({ name: 'days.csv', format: 'csv', records: 1 });
  });

  it.each<[string, string | Buffer, string, string, RegExp]>([
    [
      'a line that is not JSON',
      '{"text":"a","label":"x"}\nnope\n',
      'application/jsonl',
      '',
      /line 2: is not JSON/,
    ],
    [
      'a record that is none of the task',
      '{"text":"a"}\n',
      'application/jsonl',
      '?task=classify',
      /line 1: .*label/,
    ],
    [
      'labels that do not match',
      '{"tokens":["a","b"],"labels":["X"]}',
      'application/jsonl',
      '?task=tag',
      /line 1: .*as many labels as tokens/,
    ],
    ['nothing at all', '\n\n', 'application/jsonl', '', /no records/],
    ['ragged rows', 'a,b\n1,2\n3\n', 'text/csv', '', /line 3: expected 2 columns, got 1/],
    [
      'a line of 10 MB',
      `{"text":"${'a'.repeat(10_000_000)}"}`,
      'application/jsonl',
      '',
      /line 1: is longer than 1048576 bytes/,
    ],
    [
      'what is not UTF-8',
      Buffer.from([0x61, 0x0a, 0xc3, 0x28, 0x0a]),
      'text/plain',
      '',
      /line 2: is not UTF-8/,
    ],
  ])('are refused with the line: %s', async (_, body, type, query, detail) => {
    const before = (await get('/v1/datasets')).json<{ data: unknown[] }>().data.length;
    const answer = await upload(body, type, query);
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({
      code: 'invalid_dataset',
      detail: expect.stringMatching(detail) as string,
    });
    expect((await get('/v1/datasets')).json<{ data: unknown[] }>().data).toHaveLength(before);
  });

  it('tell the first twenty wrong lines by number, and no more', async () => {
    const { errors } = (await upload('x\n'.repeat(50))).json<Problem>();
    expect(errors!.map(({ field }) => field)).toEqual(Array.from({ length: 20 }, (_, i) => `line ${i + 1}`));
  });

  it('are refused when they are too large, or of no known kind', async () => {
    expect((await upload(Buffer.alloc(16_000_001, 'a'), 'text/plain')).json()).toMatchObject({
      status: 413,
      code: 'body_too_large',
    });
    expect((await upload('{}', 'application/octet-stream')).json()).toMatchObject({ status: 415 });
    const elsewhere = await app.inject({
      method: 'POST',
      url: '/v1/training/jobs',
      headers: { 'content-type': 'text/csv' },
      payload: 'a,b',
    });
    expect(elsewhere.json()).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });

  it('stay while a job that is not over learns from them', async () => {
    const { id } = (await upload(records.map((one) => JSON.stringify(one)).join('\n'))).json<{
      id: string;
    }>();
    const made = (
      await post(
        '/v1/training/jobs',
        job({ model: 'busy', data: { dataset: id }, budget: { epochs: 100_000 } }),
      )
    ).json<{ id: string }>();
    expect((await app.inject({ method: 'DELETE', url: `/v1/datasets/${id}` })).json()).toMatchObject({
      status: 409,
      code: 'in_use',
    });
    await post(`/v1/training/jobs/${made.id}/cancel`, {});
    await jobOver(made.id);
    expect((await app.inject({ method: 'DELETE', url: `/v1/datasets/${id}` })).statusCode).toBe(200);
  });
});

describe('a job', () => {
  it('is created, listed, told in events, and its checkpoints published', async () => {
    const made = (await post('/v1/training/jobs', job())).json<{ id: string }>();
    expect(made).toMatchObject({
      object: 'training.job',
      status: 'validating',
      model: 'made',
      task: 'classify',
      seed: 0,
    });
    expect(await jobOver(made.id)).toMatchObject({ status: 'succeeded', published: 'made@1' });
    const listed = (await get('/v1/training/jobs?limit=1')).json<{
      data: { id: string }[];
      has_more: boolean;
    }>();
    expect(listed.data[0]!.id).toBe(made.id);

    const events = (await get(`/v1/training/jobs/${made.id}/events`)).json<{
      data: { id: number; type: string; message: string }[];
    }>().data;
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['status', 'message', 'metrics', 'checkpoint']),
    );
    expect(events.at(-1)!.message).toMatch(/succeeded/);
    const rest = (await get(`/v1/training/jobs/${made.id}/events?after=${events[1]!.id}&limit=2`)).json<{
      data: { id: number }[];
      has_more: boolean;
    }>();
    expect(rest).toMatchObject({ has_more: true });
    expect(rest.data.map(({ id }) => id)).toEqual([events[2]!.id, events[3]!.id]);

    const { data } = (await get(`/v1/training/jobs/${made.id}/checkpoints`)).json<{
      data: { step: number }[];
    }>();
    expect(data.map(({ step }) => step)).toEqual([1, 2]);
    const best = (await get(`/v1/training/jobs/${made.id}`)).json<{ best_step: number }>().best_step;
    const other = 3 - best;
    const publish = async (step: number) =>
      (await post(`/v1/training/jobs/${made.id}/checkpoints/${step}/publish`, {})).json<object>();
    expect(await publish(other)).toMatchObject({ step: other, published: 'made@2' });
    // asked again, the answer is the version that there is
    expect(await publish(other)).toMatchObject({ step: other, published: 'made@2' });
    expect(await publish(best)).toMatchObject({ step: best, published: 'made@1' });
    expect((await post('/v1/models/made@2/classify', { input: 'aab' })).statusCode).toBe(200);
  });

  it('streams what it says, from where the reader was', async () => {
    const made = (await post('/v1/training/jobs', job({ model: 'told' }))).json<{ id: string }>();
    await jobOver(made.id);
    const stream = async (last: string) =>
      (
        await app.inject({
          method: 'GET',
          url: `/v1/training/jobs/${made.id}/events`,
          headers: { accept: 'text/event-stream', 'last-event-id': last },
        })
      ).body;
    const all = [...(await stream('0')).matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    expect(all).toEqual(all.toSorted((a, b) => a - b));
    const rest = [...(await stream(String(all[2]))).matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    expect(rest).toEqual(all.slice(3));
  });

  it.each<[string, object, string, string | undefined]>([
    ['an unknown task', { task: 'guess' }, 'invalid_request', 'task'],
    [
      'an unknown layer',
      { network: { layers: [{ type: 'transformer' }] } },
      'invalid_request',
      'network.layers[0].type',
    ],
    ['no data', { data: { records: [] } }, 'invalid_request', 'data'],
    ['an unknown dataset', { data: { dataset: 'ds_none' } }, 'dataset_not_found', 'dataset'],
    ['an unknown base', { network: undefined, base: 'nobody' }, 'model_not_found', undefined],
    [
      'a layer that only serves',
      { network: { layers: [{ type: 'conv1d', units: 4, kernel: 3 }, { type: 'dense' }] } },
      'invalid_request',
      'network.layers[0]',
    ],
    ['no budget', { budget: {} }, 'invalid_request', 'budget'],
    [
      'a rate that is none',
      { hyperparameters: { learning_rate: -1 } },
      'invalid_request',
      'hyperparameters.learning_rate',
    ],
    ['a setting that does not exist', { hyperparameters: { lerning_rate: 1 } }, 'invalid_request', undefined],
    ['a name that is no name', { model: '../out' }, 'invalid_request', 'model'],
  ])('is refused at once: %s', async (_, more, code, field) => {
    const answer = (await post('/v1/training/jobs', job({ model: 'refused', ...more }))).json<Problem>();
    expect(answer.code).toBe(code);
    if (field !== undefined) expect(answer.field ?? answer.errors?.[0]?.field).toContain(field);
  });

  it.each<[string, object, string, RegExp]>([
    [
      'labels that are not those given',
      { outputs: { labels: ['x', 'z'] } },
      'invalid_dataset',
      /line 2: "y" is not one of/,
    ],
    [
      'a label that only validation has',
      { validation: { records: [{ text: 'a', label: 'new' }] } },
      'invalid_dataset',
      /validation: line 1: "new" is not one of/,
    ],
    [
      'one record, and a share of it to measure on',
      { data: { records: records.slice(0, 1) } },
      'invalid_dataset',
      /1 record cannot be split/,
    ],
    ['a record of another task', { task: 'tag' }, 'invalid_dataset', /line 1/],
    [
      'sequences that are all too long',
      { hyperparameters: { max_steps: 2 } },
      'invalid_dataset',
      /longer than max_steps, 2/,
    ],
    [
      'a layer that does not fit',
      {
        network: {
          layers: [{ type: 'embedding', units: 4 }, { type: 'add', inputs: ['nowhere'] }, { type: 'dense' }],
        },
      },
      'invalid_model',
      /nowhere/,
    ],
    [
      'a last layer of another width',
      {
        network: {
          layers: [
            { type: 'embedding', units: 4 },
            { type: 'dense', units: 7 },
          ],
        },
      },
      'invalid_model',
      /7 outputs, the data needs 2/,
    ],
    ['a frozen layer that is not there', { frozen: ['nothing'] }, 'invalid_request', /no layer nothing/],
    [
      'a loss of another task',
      { hyperparameters: { loss: { type: 'huber' } } },
      'invalid_request',
      /must be softmax_cross_entropy for classify/,
    ],
    [
      'a crf that classifies',
      { network: { layers: [...network.layers, { type: 'crf' }] } },
      'invalid_model',
      /a crf is only for tag/,
    ],
    [
      'a crf whose classes weigh',
      {
        task: 'tag',
        network: { layers: [...network.layers, { type: 'crf' }] },
        data: { records: [{ tokens: ['a', 'b'], labels: ['x', 'y'] }] },
        validation: { share: 0 },
        hyperparameters: { class_weights: 'balanced' },
      },
      'invalid_request',
      /class_weights: not supported with a crf/,
    ],
    [
      'a class weight of no label',
      { hyperparameters: { class_weights: { q: 1 } } },
      'invalid_request',
      /"q" is not a label/,
    ],
  ])('fails with the reason: %s', async (_, more, code, message) => {
    const made = await post('/v1/training/jobs', job({ model: 'failing', ...more }));
    expect(made.statusCode).toBe(200);
    const { status, error } = await jobOver(made.json<{ id: string }>().id);
    expect(status).toBe('failed');
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  it('is not found, nor its checkpoint, by a wrong name', async () => {
    expect((await get('/v1/training/jobs/job_none')).json()).toMatchObject({
      status: 404,
      code: 'job_not_found',
    });
    const made = (await post('/v1/training/jobs', job({ model: 'once' }))).json<{ id: string }>();
    await jobOver(made.id);
    expect((await post(`/v1/training/jobs/${made.id}/checkpoints/99/publish`, {})).json()).toMatchObject({
      code: 'checkpoint_not_found',
    });
    expect((await post(`/v1/training/jobs/${made.id}/resume`, {})).json()).toMatchObject({
      status: 409,
      code: 'job_state_conflict',
    });
  });
});

describe('a comparison', () => {
  it('gives the three cells as many parameters, and the best becomes the model', async () => {
    const made = await post('/v1/training/comparisons', {
      model: 'compared',
      spec: {
        task: 'classify',
        network: {
          layers: [
            { type: 'embedding', units: 8 },
            { type: 'recurrent', cell: 'lstm', units: 24 },
            { type: 'dense' },
          ],
        },
        data: { records: Array.from({ length: 10 }, () => records).flat() },
        hyperparameters: { gradient_flow_every: 2 },
        budget: { epochs: 2 },
      },
      grid: { 'hyperparameters.learning_rate': [0.001, 0.01] },
      target: { metric: 'validation_accuracy', value: 0 },
    });
    expect(made.statusCode).toBe(200);
    const { id } = made.json<{ id: string }>();
    interface Shown {
      status: string;
      published: string | null;
      metric: string;
      trials: {
        cell: string;
        score: number;
        parameters: number;
        step_ms: number;
        seconds_to_target: number;
        gradient_reach: number;
      }[];
    }
    let shown: Shown;
    do {
      await delay(30);
      shown = (await get(`/v1/training/comparisons/${id}`)).json<Shown>();
    } while (shown.status === 'running' || shown.published === null);
    expect(shown).toMatchObject({
      status: 'succeeded',
      published: 'compared@1',
      metric: 'validation_accuracy',
    });
    expect(shown.trials.map(({ cell }) => cell).toSorted()).toEqual([
      'gru',
      'gru',
      'lstm',
      'lstm',
      'rnn',
      'rnn',
    ]);
    const scores = shown.trials.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    const parameters = shown.trials.map((trial) => trial.parameters);
    expect(Math.max(...parameters) / Math.min(...parameters)).toBeLessThan(1.05);
    for (const trial of shown.trials) {
      expect(trial.step_ms).toBeGreaterThan(0);
      expect(trial.seconds_to_target).toBeGreaterThan(0);
      expect(trial.gradient_reach).toBeGreaterThanOrEqual(0);
    }
  });

  it('is refused for a setting that no job has', async () => {
    const spec = { ...job(), model: undefined };
    const answer = await post('/v1/training/comparisons', {
      model: 'c',
      spec,
      grid: { 'network.layers': [[]] },
    });
    expect(answer.statusCode).toBe(400);
    const wrong = await post('/v1/training/comparisons', {
      model: 'c',
      spec,
      grid: { 'hyperparameters.batch_size': [0] },
    });
    expect(wrong.json()).toMatchObject({ code: 'invalid_request', field: 'spec.hyperparameters.batch_size' });
  });
});
