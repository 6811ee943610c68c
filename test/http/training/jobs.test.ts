import { afterAll, describe, expect, it } from 'vitest';
import { app, closeApp, get, job, network, post, records, waitForJob, type Problem } from './training-api.ts';

afterAll(closeApp);

describe('a job', () => {
  it('is created and listed, has events, and its checkpoints are published', async () => {
    const made = (await post('/v1/training/jobs', job())).json<{ id: string }>();
    expect(made).toMatchObject({
      object: 'training.job',
      status: 'validating',
      model: 'made',
      task: 'classify',
      seed: 0,
    });
    expect(await waitForJob(made.id)).toMatchObject({ status: 'succeeded', published: 'made@1' });
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
    // a repeated request returns the existing version
    expect(await publish(other)).toMatchObject({ step: other, published: 'made@2' });
    expect(await publish(best)).toMatchObject({ step: best, published: 'made@1' });
    expect((await post('/v1/models/made@2/classify', { input: 'aab' })).statusCode).toBe(200);
  });

  it('streams its events after the last one that the client has read', async () => {
    const made = (await post('/v1/training/jobs', job({ model: 'streamed' }))).json<{ id: string }>();
    await waitForJob(made.id);
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

  it('answers 204 to an EventSource that has read the last event of a finished job', async () => {
    const endless = job({ model: 'read', budget: { steps: 1_000_000_000 } });
    const made = (await post('/v1/training/jobs', endless)).json<{ id: string }>();
    await post(`/v1/training/jobs/${made.id}/cancel`, {});
    await waitForJob(made.id);
    const url = `/v1/training/jobs/${made.id}/events`;
    const last = (await get(`${url}?limit=1000`)).json<{ data: { id: number }[] }>().data.at(-1)!.id;
    const comeBack = (id: number) =>
      app.inject({ method: 'GET', url, headers: { accept: 'text/event-stream', 'last-event-id': `${id}` } });
    const over = await comeBack(last);
    expect([over.statusCode, over.body]).toEqual([204, '']);
    const one = await comeBack(last - 1);
    expect([one.statusCode, one.body.match(/^id: \d+$/gm)]).toEqual([200, [`id: ${last}`]]);
    expect((await get(`${url}?stream=true&after=${last}`)).statusCode).toBe(204);
  });

  it('answers HEAD of a stream without following the job', async () => {
    const endless = job({ model: 'endless', budget: { steps: 1_000_000_000 } });
    const made = (await post('/v1/training/jobs', endless)).json<{ id: string }>();
    const reply = await app.inject({
      method: 'HEAD',
      url: `/v1/training/jobs/${made.id}/events?stream=true`,
    });
    expect([reply.statusCode, reply.body]).toEqual([200, '']);
    expect(reply.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
    });
    await post(`/v1/training/jobs/${made.id}/cancel`, {});
    expect((await waitForJob(made.id)).status).toBe('cancelled');
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
      'a layer that cannot be trained',
      { network: { layers: [{ type: 'conv1d', units: 4, kernel: 3 }, { type: 'dense' }] } },
      'invalid_request',
      'network.layers[0]',
    ],
    ['no budget', { budget: {} }, 'invalid_request', 'budget'],
    [
      'a rate that is not positive',
      { hyperparameters: { learning_rate: -1 } },
      'invalid_request',
      'hyperparameters.learning_rate',
    ],
    ['a setting that does not exist', { hyperparameters: { lerning_rate: 1 } }, 'invalid_request', undefined],
    ['a name that is no name', { model: '../out' }, 'invalid_request', 'model'],
  ])('is rejected at once: %s', async (_, more, code, field) => {
    const reply = (await post('/v1/training/jobs', job({ model: 'rejected', ...more }))).json<Problem>();
    expect(reply.code).toBe(code);
    if (field !== undefined) expect(reply.field ?? reply.errors?.[0]?.field).toContain(field);
  });

  it.each<[string, object, string, RegExp]>([
    [
      'labels other than those in the request',
      { outputs: { labels: ['x', 'z'] } },
      'invalid_dataset',
      /line 2: "y" is not one of the 2 labels/,
    ],
    [
      'a label only in the validation data',
      { validation: { records: [{ text: 'a', label: 'new' }] } },
      'invalid_dataset',
      /validation: line 1: "new" is not one of the 2 labels/,
    ],
    [
      'one record, with a share of it for validation',
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
    [
      'a class weight for an unknown label',
      { hyperparameters: { class_weights: { q: 1 } } },
      'invalid_request',
      /"q" is not a label of the data/,
    ],
  ])('fails with the reason: %s', async (_, more, code, message) => {
    const made = await post('/v1/training/jobs', job({ model: 'failing', ...more }));
    expect(made.statusCode).toBe(200);
    const { status, error } = await waitForJob(made.json<{ id: string }>().id);
    expect(status).toBe('failed');
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  it.each<[string, object, string, RegExp]>([
    [
      'a layer that does not fit',
      {
        network: {
          layers: [{ type: 'embedding', units: 4 }, { type: 'add', inputs: ['nowhere'] }, { type: 'dense' }],
        },
      },
      'invalid_request',
      /nowhere/,
    ],
    ['a frozen layer that is not there', { frozen: ['nothing'] }, 'invalid_request', /no layer nothing/],
    [
      'a loss of another task',
      { hyperparameters: { loss: { type: 'huber' } } },
      'invalid_request',
      /must be softmax_cross_entropy for classify, was huber/,
    ],
    [
      'a crf that classifies',
      { network: { layers: [...network.layers, { type: 'crf' }] } },
      'invalid_request',
      /a crf is only for tag with one label a token/,
    ],
    [
      'a crf with class weights',
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
  ])('is refused when it is created, for what its request says: %s', async (_, more, code, message) => {
    const refused = await post('/v1/training/jobs', job({ model: 'failing', ...more }));
    expect([refused.statusCode, refused.json<Problem>().code]).toEqual([400, code]);
    expect(refused.json<Problem>().detail).toMatch(message);
  });

  it('is not found by an unknown id, nor is its checkpoint', async () => {
    expect((await get('/v1/training/jobs/job_none')).json()).toMatchObject({
      status: 404,
      code: 'job_not_found',
    });
    const made = (await post('/v1/training/jobs', job({ model: 'once' }))).json<{ id: string }>();
    await waitForJob(made.id);
    expect((await post(`/v1/training/jobs/${made.id}/checkpoints/99/publish`, {})).json()).toMatchObject({
      code: 'checkpoint_not_found',
    });
    expect((await post(`/v1/training/jobs/${made.id}/resume`, {})).json()).toMatchObject({
      status: 409,
      code: 'job_state_conflict',
    });
  });
});
