import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRecord } from '../../../src/jobs/store/record-files.ts';
import { withRecordFiles } from '../../../src/jobs/store/record-writes.ts';
import { createSqliteStore } from '../../../src/jobs/store/sqlite-store.ts';
import { makeJob, memoryDatabase, temporaryFolder } from '../fixtures.ts';

describe('records beside the database', () => {
  it('are written for a change of a job’s status, best step or published version, not of its metrics', () => {
    const folder = temporaryFolder();
    const store = withRecordFiles(folder, createSqliteStore(memoryDatabase()), () => {});
    const job = makeJob({ status: 'running' });
    store.saveJob(job);
    expect(readRecord(folder, 'jobs', job.id)).toEqual(job);
    store.saveJob({ ...job, metrics: { loss: 1 } });
    expect(readRecord(folder, 'jobs', job.id)).toEqual(job);
    for (const changed of [
      { ...job, best: 3 },
      { ...job, best: 3, status: 'publishing' as const },
      { ...job, best: 3, status: 'succeeded' as const, published: 'm@1' },
    ]) {
      store.saveJob(changed);
      expect(readRecord(folder, 'jobs', job.id)).toEqual(changed);
    }
    expect(existsSync(join(folder, 'jobs', job.id, 'job.json.draft'))).toBe(false);
  });

  it('are removed with their dataset', () => {
    const folder = temporaryFolder();
    const store = withRecordFiles(folder, createSqliteStore(memoryDatabase()), () => {});
    store.saveDataset({ id: 'ds_1', name: '', format: 'csv', bytes: 1, records: 1, createdAt: 1 });
    expect(readRecord(folder, 'datasets', 'ds_1')).not.toBeNull();
    store.removeDataset('ds_1');
    expect(readRecord(folder, 'datasets', 'ds_1')).toBeNull();
  });

  it('do not fail the call if they cannot be written', () => {
    const folder = join(temporaryFolder(), 'data');
    mkdirSync(folder);
    writeFileSync(join(folder, 'jobs'), 'a file in the place of the folder');
    const notices: string[] = [];
    const store = withRecordFiles(
      folder,
      createSqliteStore(memoryDatabase()),
      (_, message) => void notices.push(message),
    );
    const job = makeJob();
    store.saveJob(job);
    expect(store.job(job.id)).toEqual(job);
    expect(notices).toEqual([expect.stringMatching(`the record of ${job.id} cannot be written`)]);
  });
});
