import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type Client } from '../../src/client/index.ts';
import { startServer, until, type ServerProcess } from '../e2e/server-process.ts';
import { itWithPython, runPython } from './run-python.ts';
import { records, servedModels, settings, trainingJob } from './served-models.ts';

// Comparisons of cells, by both clients, against a server.

const folder = servedModels();
let server: ServerProcess;
let unroll: Client;
beforeAll(async () => {
  server = await startServer(folder.path, settings);
  unroll = createClient({ url: server.url });
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  folder.remove();
});

const { model: _, ...job } = trainingJob('', { records });
const spec = { ...job, validation: { records } };
const long = { ...spec, budget: { epochs: 100_000 } };

describe('the TypeScript client', () => {
  it('compares cells, and their best model answers', async () => {
    const created = await unroll.comparisons.create({ model: 'by-ts', cells: ['lstm', 'gru'], spec });
    expect(created.trials.map(({ cell }) => cell).sort()).toEqual(['gru', 'lstm']);
    for (const trial of created.trials) for await (const _ of unroll.jobs.follow(trial.job));
    const shown = await until(async () => {
      const now = await unroll.comparisons.show(created.id);
      return now.status === 'succeeded' && now;
    });
    expect(shown).toMatchObject({ published: 'by-ts@1', error: null });
    expect((await unroll.classify('by-ts', { input: 'thank you' })).predictions).toHaveLength(1);
    expect((await unroll.comparisons.list()).data[0]).toMatchObject({ id: created.id });
  });

  it('cancels a comparison, and throws what is refused', async () => {
    const { id, trials } = await unroll.comparisons.create({ model: 'never', cells: ['gru'], spec: long });
    await unroll.comparisons.cancel(id);
    for await (const _ of unroll.jobs.follow(trials[0]!.job));
    expect(await unroll.comparisons.show(id)).toMatchObject({ status: 'cancelled', published: null });
    await expect(unroll.comparisons.show('none')).rejects.toMatchObject({ status: 404 });
    const refused = unroll.comparisons.create({ model: 'x', cells: ['lstmm' as 'lstm'], spec });
    await expect(refused).rejects.toMatchObject({ status: 400, code: 'invalid_request' });
  });
});

describe('the Python client', () => {
  const inPython = (value: unknown): string => `json.loads(${JSON.stringify(JSON.stringify(value))})`;

  itWithPython('compares cells, and their best model answers', async () => {
    const [shown, first, predictions] = await runPython(
      server.url,
      `
created = unroll.comparisons.create("by-python", ${inPython(spec)}, cells=["lstm", "gru"])
for trial in created["trials"]:
    for _ in unroll.jobs.follow(trial["job"]):
        pass
while unroll.comparisons.show(created["id"])["status"] in ("running", "publishing"):
    pass
show(unroll.comparisons.show(created["id"]), unroll.comparisons.list()["data"][0]["id"] == created["id"])
show(len(unroll.classify("by-python", "thank you")["predictions"]))
`,
    );
    expect(shown).toMatchObject({ status: 'succeeded', published: 'by-python@1' });
    expect([first, predictions]).toEqual([true, 1]);
  });

  itWithPython('cancels a comparison, and raises what is refused', async () => {
    const [cancelled, none, refused] = await runPython(
      server.url,
      `
created = unroll.comparisons.create("never", ${inPython(long)}, cells=["gru"])
unroll.comparisons.cancel(created["id"])
for _ in unroll.jobs.follow(created["trials"][0]["job"]):
    pass
show(unroll.comparisons.show(created["id"])["status"])
show(error_of(unroll.comparisons.show, "none"), error_of(unroll.comparisons.create, "x", {"task": "sing"}))
`,
    );
    expect(cancelled).toBe('cancelled');
    expect(none).toMatchObject({ status: 404 });
    expect(refused).toMatchObject({ status: 400, code: 'invalid_request' });
  });
});
