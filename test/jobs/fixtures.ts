import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll } from 'vitest';
import type { Job, JobEvent, Viewer } from '../../src/jobs/job.ts';
import { createSqliteStore, schema } from '../../src/jobs/store/sqlite-store.ts';
import type { JobStore } from '../../src/jobs/store/store.ts';
import { trainingSpec } from '../../src/training/training-spec.ts';

// Fixtures shared by the tests of the training service.

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

/** A store in memory, without a thread. @param intercept called before each call; throws to make it fail */
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

/** Polls until `read` returns a truthy value; the test's time limit ends it. */
export async function eventually<T>(read: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (;;) {
    const value = await read();
    if (value) return value;
    await delay(5);
  }
}

/** The caller of a server without keys. */
export const anyone: Viewer = { name: null, all: true };
