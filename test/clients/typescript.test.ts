import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, UnrollError, type Client } from '../../src/client/index.ts';
import { changeKeys, generateKey, hashKey } from '../../src/access/keys-file.ts';
import { readEvents } from '../e2e/events.ts';
import { startServer, until, type ServerProcess } from '../e2e/server-process.ts';
import { jsonLines, records, servedModels, settings, taskRequests, trainingJob } from './served-models.ts';

// The TypeScript client, against a server.

const folder = servedModels();
let server: ServerProcess;
let unroll: Client;
beforeAll(async () => {
  server = await startServer(folder.path, settings);
  unroll = createClient({ url: `${server.url}/` });
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  folder.remove();
});

const withoutUsage = (reply: object): object => ({ ...reply, usage: null });
const collect = async <T>(events: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
};
const errorOf = (call: Promise<unknown>): Promise<UnrollError> =>
  call.then(
    () => expect.unreachable('the call succeeded'),
    (error: unknown) => error as UnrollError,
  );
const noStreams = async (): Promise<boolean> =>
  (await server.metric('unroll_streams_open')) + (await server.metric('unroll_sequences_active')) === 0;
/** Longer than any test. */
const endless = { max_tokens: 1_000_000, timeout_ms: 200_000 };

describe('tasks', () => {
  it('lists and shows models', async () => {
    const { data } = await unroll.models.list();
    expect(data.map(({ id }) => id)).toEqual(['classifier', 'names', 'numbers', 'tagger', 'writer']);
    expect(await unroll.models.show('writer@1')).toMatchObject({ task: 'generate', version: 1 });
  });

  it.each(taskRequests)('%s answers what the API does', async (task, model, body) => {
    const plain = await server.ask(`/v1/models/${model}/${task}`, body);
    const reply = await unroll[task](model, body as never);
    expect(withoutUsage(reply)).toEqual(withoutUsage(plain));
  });

  it('embed answers what the API does', async () => {
    const plain = await server.ask('/v1/models/classifier/embed', { input: ['ab', 'c'] });
    const reply = await unroll.embed('classifier', { input: ['ab', 'c'] });
    expect(withoutUsage(reply)).toEqual(withoutUsage(plain));
  });

  it('a state token goes on where a reply ended', async () => {
    const input = [[1, 2], [3, 4], [5, 6]]; // prettier-ignore
    const whole = await unroll.predict('numbers', { input });
    const { state } = await unroll.predict('numbers', { input: input.slice(0, 2), return_state: true });
    const rest = await unroll.predict('numbers', { input: input.slice(2), state });
    expect(rest.predictions[0]!.output).toEqual(whole.predictions[0]!.output.slice(2));
  });

  it('any other operation is called by its id', async () => {
    expect(await unroll.call('listComparisons', {})).toEqual({ object: 'list', data: [] });
    expect(await unroll.call('metrics', {})).toContain('unroll_steps_total');
  });
});

describe('streams', () => {
  it.each(taskRequests)('%s has the events that another client reads', async (task, model, body, count) => {
    const { events } = await readEvents(
      await server.post(`/v1/models/${model}/${task}`, { ...body, stream: true }),
    );
    const stable = (event: string | undefined, data: object) => ({
      event,
      data: event === 'done' ? withoutUsage(data) : data,
    });
    const stream = unroll[`${task}Stream`](model, body as never);
    const read = (await collect<{ event: string; data: object }>(stream)).map(({ event, data }) =>
      stable(event, data),
    );
    expect(read).toEqual(events.map(({ event, data }) => stable(event, data)));
    expect(read.length).toBe(count === null ? read.length : count + 1);
    expect(read.at(-1)!.event).toBe('done');
  });

  it('has a type for each event', async () => {
    let text = '';
    let reason = '';
    for await (const event of unroll.generateStream('writer', { max_tokens: 40, temperature: 3, seed: 2 }))
      if (event.event === 'token') text += event.data.text;
      else reason = event.data.generations[0]!.finish_reason;
    const { generations } = await unroll.generate('writer', { max_tokens: 40, temperature: 3, seed: 2 });
    expect([text, reason]).toEqual([generations[0]!.text, 'length']);
  });

  it('a break ends it in the server', async () => {
    for await (const { event } of unroll.generateStream('writer', endless)) {
      expect(event).toBe('token');
      break;
    }
    await until(noStreams);
    expect(await noStreams()).toBe(true);
  });

  it('a refusal is the error of the call', async () => {
    const error = await errorOf(collect(unroll.classifyStream('classifier', { input: '' })));
    expect(error).toMatchObject({ code: 'empty_input', status: 422 });
  });
});

describe('a signal', () => {
  it.each([
    ['a stream', (signal: AbortSignal) => collect(unroll.generateStream('writer', endless, { signal }))],
    ['a reply', (signal: AbortSignal) => unroll.generate('writer', endless, { signal })],
  ])('ends %s with its reason, and frees its slot', async (_, call) => {
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    const calling = errorOf(call(controller.signal));
    await until(async () => (await server.metric('unroll_sequences_active')) === 1);
    controller.abort(reason);
    expect(await calling).toBe(reason);
    await until(noStreams);
  });

  it('that is aborted already lets nothing be sent', async () => {
    const signal = AbortSignal.abort();
    const error = await errorOf(unroll.generate('writer', endless, { signal }));
    expect(error).toBe(signal.reason);
  });
});

describe('sessions', () => {
  it('go on call by call with the bits of one piece', async () => {
    const input = [[1, 2], [3, 4], [5, 6]]; // prettier-ignore
    const whole = await unroll.predict('numbers', { input });
    const session = await unroll.sessions.create({ model: 'numbers', keep_steps: 10 });
    const first = await session.steps<'predict'>({ input: input.slice(0, 1) });
    const events = await collect(session.stepsStream<'predict'>({ input: input.slice(1) }));
    expect(events.map(({ event }) => event)).toEqual(['step', 'step', 'done']);
    const done = events.at(-1)!;
    expect(done).toMatchObject({ event: 'done', data: { session: { id: session.id, position: 3 } } });
    const rows = [first, done.data as typeof first].flatMap<unknown>(
      ({ predictions }) => predictions[0]!.output,
    );
    expect(rows).toEqual(whole.predictions[0]!.output);
    expect(session.position).toBe(3);
    await session.delete();
    expect(await errorOf(session.show())).toMatchObject({ code: 'session_not_found', status: 404 });
  });

  it('are forked, marked and rewound', async () => {
    const session = await unroll.sessions.create({ model: 'writer', id: 'story', keep_steps: 10 });
    await session.steps({ input: 'abc' });
    expect((await session.mark('here')).marks).toEqual([{ name: 'here', position: 3 }]);
    const write = { generate: { max_tokens: 5, seed: 3 } };
    const { generations } = await session.steps<'generate'>(write);
    expect(session.position).toBe(8);
    expect(await session.rewind({ steps: 2 })).toMatchObject({ position: 6 });
    await session.rewind({ mark: 'here' });
    expect(session.position).toBe(3);
    const forks = await session.fork(2);
    for (const fork of forks) expect((await fork.steps<'generate'>(write)).generations).toEqual(generations);
    expect((await session.removeMark('here')).marks).toEqual([]);
    expect((await unroll.sessions.get('story')).position).toBe(3);
    const { data } = await unroll.sessions.list({ model: 'writer', limit: 2 });
    expect(data).toHaveLength(2);
    for (const one of [session, ...forks]) await one.delete();
  });

  it('are saved as bytes and restored', async () => {
    const session = await unroll.sessions.create({ model: 'classifier' });
    await session.steps({ input: 'abc' });
    const snapshot = await session.snapshot();
    const next = await session.steps<'classify'>({ input: 'd' });
    const copy = await unroll.sessions.restore('copy', snapshot);
    expect(copy).toMatchObject({ id: 'copy', position: 3 });
    expect((await copy.steps<'classify'>({ input: 'd' })).predictions).toEqual(next.predictions);
    expect(await session.restore(snapshot)).toMatchObject({ position: 3 });
    expect(session.position).toBe(3);
    const cut = await errorOf(session.restore(snapshot.subarray(0, 100)));
    expect(cut).toMatchObject({ code: 'invalid_state', status: 422 });
    for (const one of [session, copy]) await one.delete();
  });

  it('are as before after a stream that is left early', async () => {
    const session = await unroll.sessions.create({ model: 'writer' });
    await session.steps({ input: 'abc' });
    for await (const { event } of session.stepsStream({ generate: { max_tokens: 100_000 } })) {
      expect(event).toBe('token');
      break;
    }
    expect(await session.steps({ input: 'd', position: 3 })).toMatchObject({ session: { position: 4 } });
    const again = await errorOf(session.steps({ input: 'd', position: 3 }));
    expect(again).toMatchObject({ status: 409, field: 'position' });
    await session.delete();
  });
});

describe('training', () => {
  it('uploads data, follows a job and serves its model', async () => {
    const dataset = await unroll.datasets.upload(jsonLines, {
      format: 'jsonl',
      name: 'talk',
      task: 'classify',
    });
    expect(dataset).toMatchObject({ format: 'jsonl', name: 'talk', records: records.length });
    const job = trainingJob('polite', { dataset: dataset.id });
    expect(await unroll.jobs.check(job)).toMatchObject({
      object: 'training.job.check',
      spec: { model: 'polite' },
    });
    expect((await unroll.jobs.list()).data).toEqual([]);
    const { id } = await unroll.jobs.create(job);
    const events = await collect(unroll.jobs.follow(id));
    expect(events.at(-1)).toMatchObject({ event: 'status', data: { data: { status: 'succeeded' } } });
    expect(await unroll.jobs.show(id)).toMatchObject({ status: 'succeeded', published: 'polite@1' });
    const { predictions } = await unroll.classify('polite', { input: 'thank you' });
    expect(predictions[0]!.label).toBe('thanks');

    const stored = events.flatMap((event) => (event.event === 'progress' ? [] : [event.data]));
    const pages = await unroll.jobs.events(id, { limit: 1000 });
    expect(pages.data).toEqual(stored);
    const after = stored.at(-3)!.id;
    expect(await collect(unroll.jobs.follow(id, { after }))).toHaveLength(2);
    expect(await collect(unroll.jobs.follow(id, { after: stored.at(-1)!.id }))).toEqual([]);

    const { data: checkpoints } = await unroll.jobs.checkpoints(id);
    const best = checkpoints.find((checkpoint) => checkpoint.best)!;
    expect(await unroll.jobs.publish(id, best.step)).toMatchObject({ published: 'polite@1' });
    expect((await unroll.datasets.list()).data.map((one) => one.id)).toEqual([dataset.id]);
    await unroll.datasets.delete(dataset.id);
    const gone = await errorOf(unroll.datasets.show(dataset.id));
    expect(gone).toMatchObject({ code: 'dataset_not_found', status: 404 });
  });

  it.each([
    ['bytes', () => new TextEncoder().encode(jsonLines)],
    ['a blob', () => new Blob([jsonLines])],
    ['a stream', () => new Blob([jsonLines]).stream()],
  ])('uploads %s', async (_, data) => {
    const dataset = await unroll.datasets.upload(data(), { format: 'jsonl' });
    expect(dataset.bytes).toBe(Buffer.byteLength(jsonLines));
    await unroll.datasets.delete(dataset.id);
  });

  it('reports the lines of an upload that are wrong', async () => {
    const error = await errorOf(unroll.datasets.upload('{"text": "a"}\n{', { format: 'jsonl' }));
    expect(error).toMatchObject({ code: 'invalid_dataset', status: 422, errors: [{ field: 'line 2' }] });
  });

  it('pauses, resumes and cancels a job', async () => {
    const long = { ...trainingJob('never', { records }), budget: { epochs: 100_000 } };
    const { id } = await unroll.jobs.create(long);
    for await (const event of unroll.jobs.follow(id)) if (event.event === 'progress') break;
    await unroll.jobs.pause(id);
    await until(async () => (await unroll.jobs.show(id)).status === 'paused');
    const resumed = await unroll.jobs.resume(id);
    expect(['queued', 'running']).toContain(resumed.status);
    await unroll.jobs.cancel(id);
    const events = await collect(unroll.jobs.follow(id));
    expect(events.at(-1)).toMatchObject({ event: 'status', data: { data: { status: 'cancelled' } } });
    const conflict = await errorOf(unroll.jobs.resume(id));
    expect(conflict).toMatchObject({ code: 'job_state_conflict', status: 409 });
    expect((await unroll.jobs.list({ limit: 1 })).data[0]!.id).toBe(id);
  });
});

describe('errors', () => {
  it.each([
    [400, 'invalid_request', 'temperature', () => unroll.generate('writer', { temperature: -1 })],
    [400, 'invalid_model_name', 'model', () => unroll.models.show('a/b?c')],
    [404, 'model_not_found', 'model', () => unroll.generate('nobody', {})],
    [404, 'job_not_found', undefined, () => unroll.jobs.show('job_1')],
    [409, 'wrong_task', 'model', () => unroll.generate('classifier', {})],
    [422, 'empty_input', 'input', () => unroll.classify('classifier', { input: '' })],
  ])('%i: the code is %s, the field %s', async (status, code, field, call) => {
    const error = await errorOf(call());
    expect(error).toBeInstanceOf(UnrollError);
    expect(error).toMatchObject({ name: 'UnrollError', status, code });
    expect(error.field).toBe(field);
    expect(error.message).not.toBe('');
  });

  it('of the other protocols are read, too', async () => {
    const inference = unroll.call('modelMetadata', { path: { model: 'nobody' } });
    expect(await errorOf(inference)).toMatchObject({ code: 'http_404', status: 404 });
    const openai = unroll.call('createCompletion', { body: { model: 'nobody', prompt: '' } });
    expect(await errorOf(openai)).toMatchObject({ code: 'model_not_found', status: 404 });
  });

  it.each(['', '.', '..'])('the name "%s" is refused here, since it is another route', async (name) => {
    await expect(unroll.models.show(name)).rejects.toThrow('model: must be a name');
  });

  it('a key is sent, and the rate of requests limited: 401, and 429 with a time to try again', async () => {
    const work = mkdtempSync(join(tmpdir(), 'unroll-client-keys-'));
    const file = join(work, 'keys.json');
    const key = generateKey();
    const sha256 = hashKey(key).toString('hex');
    changeKeys(file, () => [{ name: 'a', sha256, scopes: ['infer'], created: '2026-01-01T00:00:00Z' }]);
    const strict = await startServer(folder.path, { API_KEYS_FILE: file, RATE_LIMIT: 2 });
    rmSync(work, { recursive: true });
    const stranger = await errorOf(createClient({ url: strict.url }).models.list());
    expect(stranger).toMatchObject({ code: 'unauthorized', status: 401 });
    const known = createClient({ url: strict.url, key });
    for (let i = 0; i < 2; i++) expect((await known.models.list()).object).toBe('list');
    const limited = await errorOf(known.models.list());
    expect(limited).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(limited.retryAfter).toBeGreaterThan(0);
    await strict.stop();
  });

  it('a server that is killed ends its streams with an error', async () => {
    const doomed = await startServer(folder.path, settings);
    const client = createClient({ url: doomed.url });
    let events = 0;
    const stream = async (): Promise<void> => {
      for await (const { event } of client.generateStream('writer', endless)) {
        expect(event).toBe('token');
        if (++events === 10) doomed.process.kill('SIGKILL');
      }
    };
    expect(await errorOf(stream())).toMatchObject({ code: 'connection_lost', status: undefined });
    expect(events).toBeGreaterThanOrEqual(10);
    expect(await errorOf(client.models.list())).toMatchObject({ code: 'connection_failed' });
  });
});
