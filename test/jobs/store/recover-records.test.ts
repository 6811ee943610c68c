import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withRecordFiles } from '../../../src/jobs/store/record-writes.ts';
import { recoverRecords } from '../../../src/jobs/store/recover-records.ts';
import { createSqliteStore } from '../../../src/jobs/store/sqlite-store.ts';
import { makeJob, memoryDatabase, temporaryFolder } from '../fixtures.ts';

const comparison = {
  id: 'cmp_1',
  model: 'm',
  status: 'running',
  createdAt: 1,
  request: {},
  trials: [],
  published: null,
} as const;
const dataset = { id: 'ds_1', name: 'd', format: 'csv', bytes: 4, records: 1, createdAt: 1 } as const;

function createRecorded() {
  const folder = temporaryFolder();
  const notices: string[] = [];
  const notice = (_: string, message: string): void => void notices.push(message);
  const store = withRecordFiles(folder, createSqliteStore(memoryDatabase()), notice);
  return { folder, store, notices, notice };
}
function recover(folder: string, notice: (level: string, message: string) => void) {
  const database = memoryDatabase();
  const store = createSqliteStore(database);
  return { store, database, count: recoverRecords(folder, store, database, notice) };
}

describe('recovering from records', () => {
  it('restores jobs in order, datasets whose file exists, and comparisons', () => {
    const { folder, store, notices, notice } = createRecorded();
    const jobs = [makeJob({ status: 'running' }), makeJob({ status: 'succeeded', published: 'm@1' })];
    for (const job of jobs) store.saveJob(job);
    store.saveComparison(comparison);
    store.saveDataset(dataset);
    store.saveDataset({ ...dataset, id: 'ds_gone' });
    writeFileSync(join(folder, 'datasets/ds_1.csv'), 'a\n1\n');
    const fresh = recover(folder, notice);
    expect(fresh.count).toBe(4);
    expect(fresh.store.jobs({ limit: 9 })).toEqual(jobs.toReversed());
    expect(fresh.store.unfinishedJobs()).toEqual([jobs[0]]);
    expect(fresh.store.comparisons()).toEqual([comparison]);
    expect(fresh.store.datasets()).toEqual([dataset]);
    expect(notices.at(-1)).toMatch(/recovered 2 training jobs, 1 datasets and 1 comparisons/);
  });

  it('restores the checkpoints of a job, with their metrics and the best one', () => {
    const { folder, store, notice } = createRecorded();
    const job = makeJob({ best: 20 });
    store.saveJob(job);
    for (const step of [10, 20]) {
      const home = join(folder, 'jobs', job.id, 'checkpoints', String(step));
      mkdirSync(home, { recursive: true });
      const training = { metrics: { validation_loss: 1 / step } };
      writeFileSync(join(home, 'model.json'), JSON.stringify({ provenance: { training } }));
    }
    const found = recover(folder, notice).store.checkpoints(job.id);
    expect(found.map(({ step, best, metrics }) => [step, best, metrics['validation_loss']])).toEqual([
      [10, false, 0.1],
      [20, true, 0.05],
    ]);
  });

  it('restores unreadable rows, keeps readable rows, and skips unreadable records', () => {
    const { folder, store, notice } = createRecorded();
    const [kept, broken] = [makeJob(), makeJob()];
    store.saveJob(kept);
    store.saveJob(broken);
    mkdirSync(join(folder, 'jobs/job_torn'));
    writeFileSync(join(folder, 'jobs/job_torn/job.json'), '{"id":"job_to');
    const database = memoryDatabase();
    const again = createSqliteStore(database);
    again.saveJob({ ...kept, status: 'succeeded' });
    again.saveJob(broken);
    database.prepare("UPDATE jobs SET body = '{' WHERE id = ?").run(broken.id);
    expect(recoverRecords(folder, again, database, notice)).toBe(1);
    expect(again.job(kept.id)!.status).toBe('succeeded');
    expect(again.job(broken.id)).toEqual(broken);
  });

  it('assigns event ids above all that were assigned before', () => {
    const { folder, store, notice } = createRecorded();
    const job = makeJob();
    store.saveJob(job);
    const [event] = recover(folder, notice).store.events(job.id, { limit: 9, after: 1_000_000 });
    expect(event!.message).toMatch(/recovered from its folder/);
  });
});
