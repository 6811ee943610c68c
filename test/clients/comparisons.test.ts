import { describe, expect, it } from 'vitest';
import { until } from '../e2e/server-process.ts';
import { serveForClients } from './client-server.ts';
import { itWithPython, runPython } from './run-python.ts';
import { records, trainingJob } from './served-models.ts';

// Comparisons of cells, by both clients, against a server.

const served = serveForClients();

const { model: _, ...job } = trainingJob('', { records });
const spec = { ...job, validation: { records } };
const long = { ...spec, budget: { epochs: 100_000 } };

describe('the TypeScript client', () => {
  it('compares cells, and their best model answers', async () => {
    const created = await served.unroll.comparisons.create({ model: 'by-ts', cells: ['lstm', 'gru'], spec });
    expect(created.trials.map(({ cell }) => cell).sort()).toEqual(['gru', 'lstm']);
    for (const trial of created.trials) for await (const _ of served.unroll.jobs.follow(trial.job));
    const shown = await until(async () => {
      const now = await served.unroll.comparisons.show(created.id);
      return now.status === 'succeeded' && now;
    });
    expect(shown).toMatchObject({ published: 'by-ts@1', error: null });
    expect((await served.unroll.classify('by-ts', { input: 'thank you' })).predictions).toHaveLength(1);
    expect((await served.unroll.comparisons.list()).data[0]).toMatchObject({ id: created.id });
  });

  it('cancels a comparison, and throws what is refused', async () => {
    const { id, trials } = await served.unroll.comparisons.create({
      model: 'never',
      cells: ['gru'],
      spec: long,
    });
    await served.unroll.comparisons.cancel(id);
    for await (const _ of served.unroll.jobs.follow(trials[0]!.job));
    expect(await served.unroll.comparisons.show(id)).toMatchObject({ status: 'cancelled', published: null });
    await expect(served.unroll.comparisons.show('none')).rejects.toMatchObject({ status: 404 });
    const refused = served.unroll.comparisons.create({ model: 'x', cells: ['lstmm' as 'lstm'], spec });
    await expect(refused).rejects.toMatchObject({ status: 400, code: 'invalid_request' });
  });
});

describe('the Python client', () => {
  const inPython = (value: unknown): string => `json.loads(${JSON.stringify(JSON.stringify(value))})`;

  itWithPython('compares cells, and their best model answers', async () => {
    const [shown, first, predictions] = await runPython(
      served.server.url,
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
      served.server.url,
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
