import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll } from 'vitest';
import type { Job, JobEvent } from '../../src/jobs/job.ts';
import { createSqliteStore, schema } from '../../src/jobs/store/sqlite-store.ts';
import type { JobStore } from '../../src/jobs/store/store.ts';
import { trainingSpec } from '../../src/training/training-spec.ts';

// What the tests of the training service share.

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'unroll-jobs-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const spec = (model = 'made', more: object = {}) =>
  trainingSpec.parse({
    model,
    task: 'classify',
    network: {
      layers: [
        { type: 'embedding', units: 4 },
        { type: 'recurrent', cell: 'gru', units: 4 },
        { type: 'dense' },
      ],
    },
    data: { records: [{ text: 'a', label: 'x' }] },
    ...more,
  });

let count = 0;
export function makeJob(changes: Partial<Job> = {}): Job {
  const id = `job_${++count}`;
  return {
    id,
    spec: spec(`model-${count}`),
    status: 'queued',
    comparison: null,
    data: { path: `/nowhere/${id}.jsonl`, format: 'jsonl' },
    validation: null,
    createdAt: 1000 + count,
    startedAt: null,
    finishedAt: null,
    error: null,
    metrics: {},
    best: null,
    published: null,
    ...changes,
  };
}

export const makeEvent = (
  job: string,
  message: string,
  more: Partial<JobEvent> = {},
): Omit<JobEvent, 'id'> => ({
  job,
  createdAt: 1,
  type: 'message',
  level: 'info',
  message,
  step: 0,
  data: {},
  ...more,
});

export function memoryDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  database.exec(schema);
  return database;
}

/** A store without a thread. @param intercept throws for what is to fail */
export function memoryStore(intercept: (name: string, parameters: unknown[]) => void = () => {}): JobStore {
  const calls = createSqliteStore(memoryDatabase());
  const bound = Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [
      name,
      async (...parameters: unknown[]) => {
        intercept(name, parameters);
        return (call as (...values: unknown[]) => unknown)(...structuredClone(parameters));
      },
    ]),
  );
  return { ...bound, withoutTimeout: bound } as unknown as JobStore;
}

export const silent = { info() {}, warn() {}, error() {} };

/** Asks again until the answer is truthy; the test's own time limit ends it. */
export async function eventually<T>(ask: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    await delay(5);
  }
}
