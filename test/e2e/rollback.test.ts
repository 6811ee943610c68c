import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { lettersJob as spec, records, wrong } from './letters-job.ts';
import { modelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

// The rollback drill: a worse version is trained, does not take the traffic, is published by force, and is rolled back, with
// traffic on the model all the time and not one failed request.

const folder = modelFolder(['numbers']);
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, { WORKERS: 1 });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

interface Job {
  readonly id: string;
  readonly status: string;
  readonly best_step: number;
  readonly published: string | null;
  readonly publication: { published: boolean; reason: string; measured?: Record<string, unknown> } | null;
  readonly error: unknown;
}
const worse = (more: object = {}) => spec({ data: { records: wrong }, budget: { epochs: 1 }, ...more });

async function train(body: object): Promise<Job> {
  const reply = await server.post('/v1/training/jobs', body);
  expect(reply.status, await reply.clone().text()).toBe(200);
  const { id } = (await reply.json()) as Job;
  return until(async () => {
    const job = (await (await server.get(`/v1/training/jobs/${id}`)).json()) as Job;
    return ['succeeded', 'failed', 'cancelled'].includes(job.status) ? job : null;
  }, 60_000);
}
const setDefault = async (version: number): Promise<{ previous: number | null }> => {
  const reply = await fetch(`${server.url}/v1/models/letters/aliases/default`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ version }),
  });
  expect(reply.status).toBe(200);
  return (await reply.json()) as { previous: number | null };
};
const publish = (job: Job, body?: object): Promise<Response> => {
  const path = `/v1/training/jobs/${job.id}/checkpoints/${job.best_step}/publish`;
  return body ? server.post(path, body) : fetch(`${server.url}${path}`, { method: 'POST' });
};

/** Calls the model all the time, until the test ends. */
function startTraffic() {
  const failures: string[] = [];
  /** Calls by version, since the last look. */
  let seen = new Map<number, number>();
  let running = true;
  const caller = async (): Promise<void> => {
    while (running) {
      const reply = await server.post('/v1/models/letters/classify', { input: 'abba' });
      const body = (await reply.json()) as { version: number };
      if (reply.status === 200) seen.set(body.version, (seen.get(body.version) ?? 0) + 1);
      else failures.push(`${reply.status} ${JSON.stringify(body)}`);
      // training, at the lowest priority, is to get on
      await delay(10);
    }
  };
  const callers = [caller(), caller()];
  onTestFinished(() => void (running = false));
  return {
    failures,
    /** The versions that calls from now on are answered by. */
    async versions(): Promise<number[]> {
      seen = new Map();
      await until(async () => [...seen.values()].reduce((sum, calls) => sum + calls, 0) > 20);
      // those of calls that had begun
      seen = new Map();
      await until(async () => [...seen.values()].reduce((sum, calls) => sum + calls, 0) > 20);
      return [...seen.keys()];
    },
    async stop(): Promise<void> {
      running = false;
      await Promise.all(callers);
    },
  };
}

it('a worse version takes no traffic until it is forced, and is rolled back by one call, with no failed request', async () => {
  const first = await train(spec());
  expect(first).toMatchObject({
    published: 'letters@1',
    publication: { published: true, reason: 'it is the first version of the model' },
  });
  const traffic = startTraffic();

  const second = await train(worse());
  expect(second).toMatchObject({
    status: 'succeeded',
    published: null,
    publication: {
      published: false,
      measured: { metric: 'validation_accuracy', current: 'letters@1', current_score: 1 },
    },
  });
  expect(second.publication!.reason).toMatch(
    /^it is not better: validation_accuracy 0[.\d]*, of letters@1 1$/,
  );
  expect(await traffic.versions()).toEqual([1]);

  expect(await (await publish(second)).json()).toMatchObject({ published: 'letters@2' });
  await until(async () => (await traffic.versions()).join() === '2');

  expect(await setDefault(1)).toMatchObject({ previous: null });
  expect(await traffic.versions()).toEqual([1]);
  // asked again, it is published already, and takes no traffic again
  expect(await (await publish(second)).json()).toMatchObject({ published: 'letters@2' });
  expect(await traffic.versions()).toEqual([1]);

  // measured with the version that has the traffic, not with the highest
  const third = await train(worse({ seed: 3 }));
  expect(third.publication).toMatchObject({ published: false, measured: { current: 'letters@1' } });
  // an alias of its own leaves the traffic where it is
  expect(await (await publish(third, { alias: 'canary' })).json()).toMatchObject({ published: 'letters@3' });
  expect(await traffic.versions()).toEqual([1]);

  expect(await train(worse({ publish: 'never', seed: 4 }))).toMatchObject({
    published: null,
    publication: { reason: 'publish is never' },
  });
  expect(await train(worse({ publish: 'always', seed: 5 }))).toMatchObject({ published: 'letters@4' });
  await until(async () => (await traffic.versions()).join() === '4');
  expect(await setDefault(1)).toMatchObject({ previous: 4 });
  expect(await traffic.versions()).toEqual([1]);

  // better than what has the traffic: it takes it
  await setDefault(2);
  expect(await train(spec({ seed: 6 }))).toMatchObject({
    published: 'letters@5',
    publication: { published: true },
  });
  await until(async () => (await traffic.versions()).join() === '5');
  await traffic.stop();
  expect(traffic.failures).toEqual([]);
}, 240_000);

it('a job of two records that names an existing model takes none of its traffic', async () => {
  const two = { data: { records: records.slice(0, 2) }, validation: { share: 0 }, budget: { epochs: 1 } };
  const job = await train(spec(two));
  expect(job).toMatchObject({ status: 'succeeded', published: null });
  expect(job.publication!.reason).toContain('the job has no validation data');
});

it('a model that would be called otherwise is refused, at once where the request says so', async () => {
  const tag = spec({
    task: 'tag',
    data: { records: [{ tokens: ['a'], labels: ['x'] }] },
    validation: { share: 0 },
  });
  const refused = await server.post('/v1/training/jobs', tag);
  expect([refused.status, await refused.json()]).toMatchObject([
    409,
    { code: 'publish_refused', field: 'task' },
  ]);
  const labels = await server.post('/v1/training/jobs', spec({ outputs: { labels: ['y', 'x'] } }));
  expect([labels.status, await labels.json()]).toMatchObject([409, { field: 'outputs.labels' }]);
  // labels that only the data tells
  const other = records.map(({ text, label }) => ({ text, label: `${label}2` }));
  const data = { data: { records: other }, validation: { records: other }, budget: { epochs: 1 } };
  const job = await train(spec({ ...data, publish: 'always' }));
  expect(job.publication).toMatchObject({ published: false });
  expect(job.publication!.reason).toContain('outputs.labels: ["x2","y2"], was ["x","y"]');
  expect((await publish(job)).status).toBe(409);
  expect(await (await publish(job, { force: true })).json()).toMatchObject({ published: 'letters@6' });
  await setDefault(5);
});
