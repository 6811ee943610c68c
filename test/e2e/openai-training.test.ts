import OpenAI, { BadRequestError, NotFoundError, toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

// OpenAI's own client trains on a real server.

const folder = modelFolder(['writer', 'classifier']);
let server: ServerProcess;
let client: OpenAI;
beforeAll(async () => {
  server = await startServer(folder.path);
  client = new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1` });
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  folder.remove();
});

const toJsonl = (records: object[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');
const pairs = toJsonl(
  Array.from({ length: 12 }, (_, i) => ({ prompt: `The ${'abc'[i % 3]} `, completion: 'whale.' })),
);
const upload = async (text: string, name = 'pairs.jsonl'): Promise<OpenAI.FileObject> =>
  client.files.create({ file: await toFile(Buffer.from(text), name), purpose: 'fine-tune' });

describe('files', () => {
  it('are uploaded, listed page by page, shown, read and deleted', async () => {
    const made: OpenAI.FileObject[] = [];
    for (const name of ['a.jsonl', 'b.jsonl', 'c.jsonl']) made.push(await upload(pairs, name));
    expect(made[0]).toMatchObject({
      object: 'file',
      filename: 'a.jsonl',
      bytes: pairs.length,
      purpose: 'fine-tune',
      status: 'processed',
    });
    expect(Number.isInteger(made[0]!.created_at)).toBe(true);
    const listed = await Array.fromAsync(client.files.list({ limit: 2 }));
    expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(made.map(({ id }) => id)));
    expect(listed).toHaveLength(3);
    expect(await Array.fromAsync(client.files.list({ purpose: 'vision' }))).toEqual([]);
    const { id } = made[1]!;
    expect(await client.files.retrieve(id)).toEqual(made[1]);
    expect(await client.files.waitForProcessing(id)).toEqual(made[1]);
    expect(await (await client.files.content(id)).text()).toBe(pairs);
    expect(await client.files.delete(id)).toEqual({ id, object: 'file', deleted: true });
    await expect(client.files.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
    await expect(client.files.list({ after: id })).rejects.toMatchObject({ status: 400, param: 'after' });
    await expect(server.get(`/v1/datasets/${made[0]!.id}`)).resolves.toMatchObject({ status: 200 });
  });

  it('are refused for another purpose, or with lines that are not JSON, and leave nothing', async () => {
    const before = (await Array.fromAsync(client.files.list())).length;
    const file = await toFile(Buffer.from(pairs), 'pairs.jsonl');
    // the purpose follows the file in one form and precedes it in the other
    for (const form of [
      { file, purpose: 'vision' },
      { purpose: 'vision', file },
    ] as const)
      await expect(client.files.create(form)).rejects.toMatchObject({ status: 400, param: 'purpose' });
    const expiring = {
      file,
      purpose: 'fine-tune',
      expires_after: { anchor: 'created_at', seconds: 60 },
    } as const;
    await expect(client.files.create(expiring)).rejects.toThrow('expires_after[anchor]');
    await expect(upload('{"prompt":\n')).rejects.toBeInstanceOf(BadRequestError);
    expect(await Array.fromAsync(client.files.list())).toHaveLength(before);
  });
});

// training has the lowest priority
describe('fine-tuning jobs', { timeout: 300_000 }, () => {
  /** The job, once the stream of its events has ended. */
  const waitFor = async (id: string): Promise<OpenAI.FineTuning.FineTuningJob> => {
    await (await server.get(`/v1/training/jobs/${id}/events?stream=true`)).text();
    return client.fineTuning.jobs.retrieve(id);
  };

  it('train a model further and publish it under a new name', async () => {
    const { id: file } = await upload(pairs);
    const made = await client.fineTuning.jobs.create({
      model: 'writer',
      training_file: file,
      validation_file: file,
      suffix: 'whales',
      seed: 4,
      metadata: { ignored: 'yes' },
      method: {
        type: 'supervised',
        supervised: {
          hyperparameters: { n_epochs: 3, batch_size: 4, learning_rate_multiplier: 'auto' },
        },
      },
    });
    expect(made).toMatchObject({
      object: 'fine_tuning.job',
      model: 'writer@1',
      fine_tuned_model: null,
      status: 'validating_files',
      training_file: file,
      seed: 4,
      hyperparameters: { n_epochs: 3, batch_size: 4, learning_rate_multiplier: 1 },
    });
    const done = await waitFor(made.id);
    expect(done).toMatchObject({ status: 'succeeded', error: null, fine_tuned_model: 'writer-whales@1' });

    const events = await Array.fromAsync(client.fineTuning.jobs.listEvents(made.id, { limit: 3 }));
    expect(events[0]).toMatchObject({ object: 'fine_tuning.job.event', type: 'message', level: 'info' });
    expect(events.at(-1)!.message).toContain('writer-whales@1');
    expect(events.filter(({ type }) => type === 'metrics').length).toBeGreaterThan(0);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    const checkpoints = await Array.fromAsync(client.fineTuning.jobs.checkpoints.list(made.id, { limit: 1 }));
    expect(checkpoints.map(({ step_number: step }) => step)).toEqual([9, 6, 3]);
    expect(checkpoints[0]!.metrics.valid_loss).toBeGreaterThan(0);
    expect(checkpoints.map((one) => one.fine_tuned_model_checkpoint)).toContain('writer-whales@1');

    const { choices } = await client.completions.create({ model: done.fine_tuned_model!, prompt: 'The ' });
    expect(choices).toHaveLength(1);
    // the base is as it was
    expect(await client.models.retrieve('writer')).toMatchObject({ versions: [1] });
    await expect(client.fineTuning.jobs.cancel(made.id)).rejects.toMatchObject({ status: 400 });
  });

  it('train a classifier on prompts and their labels', async () => {
    const { id } = await upload(
      toJsonl([
        { prompt: 'a rose', completion: ' red' },
        { prompt: 'grass', completion: ' green' },
      ]),
    );
    const made = await client.fineTuning.jobs.create({
      model: 'classifier',
      training_file: id,
      hyperparameters: { n_epochs: 2 },
    });
    const done = await waitFor(made.id);
    expect(done.error).toBeNull();
    expect(done.fine_tuned_model).toMatch(/^classifier-[0-9a-f]{6}@1$/);
  });

  it('are listed page by page, paused, resumed and cancelled', async () => {
    const { id: file } = await upload(pairs);
    const { id } = await client.fineTuning.jobs.create({
      model: 'writer',
      training_file: file,
      hyperparameters: { n_epochs: 100_000 },
    });
    await until(async () => (await client.fineTuning.jobs.retrieve(id)).status === 'running', 240_000);
    await client.fineTuning.jobs.pause(id);
    await until(
      async () => (await client.fineTuning.jobs.retrieve(id)).status === ('paused' as string),
      30_000,
    );
    await client.fineTuning.jobs.resume(id);
    await expect(client.files.delete(file)).rejects.toMatchObject({ status: 400, code: 'in_use' });
    // with a body of no bytes that is called JSON, as Python's client sends it
    const cancelled = await server.post(`/v1/fine_tuning/jobs/${id}/cancel`, '');
    expect(cancelled.status).toBe(200);
    expect((await waitFor(id)).status).toBe('cancelled');
    const listed = await Array.fromAsync(client.fineTuning.jobs.list({ limit: 1 }));
    expect(listed[0]!.id).toBe(id);
    expect(listed.length).toBeGreaterThan(1);
  });

  it('fail with the line of a record that the task does not take', async () => {
    const { id } = await upload(toJsonl([{ messages: [{ role: 'user', content: 'hello' }] }]));
    const made = await client.fineTuning.jobs.create({ model: 'writer', training_file: id });
    expect(await waitFor(made.id)).toMatchObject({
      status: 'failed',
      error: { code: 'invalid_dataset', message: expect.stringMatching(/line 1: .*messages/) as string },
    });
  });

  it.each<[string, object, string]>([
    ['a file that does not exist', { training_file: 'ds_none' }, 'training_file'],
    ['a validation file that does not exist', { validation_file: 'ds_none' }, 'validation_file'],
    ['a model that does not exist', { model: 'nobody' }, 'model'],
    ['a suffix that is no name', { suffix: 'a b' }, 'suffix'],
    ['another method', { method: { type: 'dpo' } }, 'method.type'],
    ['integrations', { integrations: [{ type: 'wandb', wandb: { project: 'x' } }] }, 'integrations'],
    ['no epochs', { hyperparameters: { n_epochs: 0 } }, 'hyperparameters.n_epochs'],
  ])('refuse %s and name the parameter', async (_, change, param) => {
    const { id } = await upload(pairs);
    const body = { model: 'writer', training_file: id, ...change };
    await expect(client.fineTuning.jobs.create(body)).rejects.toMatchObject({
      param,
      type: 'invalid_request_error',
    });
  });
});
