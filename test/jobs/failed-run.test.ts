import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { StartRun } from '../../src/jobs/run-handle.ts';
import { createTraining } from '../../src/jobs/training.ts';
import { trainingSpec } from '../../src/training/training-spec.ts';

const folder = mkdtempSync(join(tmpdir(), 'unroll-data-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const spec = trainingSpec.parse({
  model: 'made',
  task: 'classify',
  network: { layers: [{ type: 'embedding', units: 4 }, { type: 'recurrent', cell: 'gru', units: 4 }, { type: 'dense' }] }, // prettier-ignore
  data: {
    records: [
      { text: 'a', label: 'x' },
      { text: 'b', label: 'y' },
    ],
  },
});
const stack = 'Error: boom\n    at run (/home/somebody/unroll/src/training/run.ts:1:1)';

/** Runs a job in a thread of the test's making. @returns the job when it is over, and what was logged */
async function failedJob(startRun: StartRun) {
  const logged: object[] = [];
  const log = { info() {}, warn: (fields: object) => void logged.push(fields) };
  const training = createTraining({
    folder: join(folder, String(Math.random())),
    modelsRoot: folder,
    repository: { acquire: () => expect.fail(), rescan: async () => {} },
    atOnce: 1,
    queue: 1,
    threads: 1,
    memoryMegabytes: 64,
    mostDatasetBytes: 1000,
    log,
    startRun,
  });
  const over = new Promise<void>((resolve) => training.jobs.onOver(() => resolve()));
  const { id } = await training.jobs.create(spec);
  await over;
  const job = training.jobs.get(id);
  const shown = JSON.stringify([job, training.store.events(id, { limit: 100, after: 0 })]);
  await training.close(0);
  return { job, shown, logged: JSON.stringify(logged) };
}

it('a thread that fails unexpectedly shows its job’s caller no stack; the log has it', async () => {
  const { job, shown, logged } = await failedJob((_, { heard, exited }) => {
    setImmediate(() => {
      heard({ kind: 'failed', code: 'internal', message: 'the training failed', stack });
      exited(null);
    });
    return { ask() {}, kill() {} };
  });
  expect(job).toMatchObject({
    status: 'failed',
    error: { code: 'internal', message: 'the training failed' },
  });
  expect(shown).not.toContain('/home/somebody');
  expect(logged).toContain('/home/somebody');
});

it('a thread that dies shows its job’s caller no reason that may name files; the log has it', async () => {
  const { job, shown, logged } = await failedJob((_, { exited }) => {
    setImmediate(() => exited('Cannot find module /home/somebody/unroll/src/training/run-thread.ts'));
    return { ask() {}, kill() {} };
  });
  expect(job).toMatchObject({ status: 'failed', error: { code: 'internal' } });
  expect(shown).not.toContain('/home/somebody');
  expect(logged).toContain('/home/somebody');
});
