import { beforeEach, expect, it } from 'vitest';
import type { Comparison, JobCheckpoint } from '../../../src/jobs/job.ts';
import type { JobStore } from '../../../src/jobs/store/store.ts';
import { makeEvent, makeJob } from '../fixtures.ts';

/** What every store of jobs does. @param open gives an empty store */
export function testJobStore(open: () => Promise<JobStore>): void {
  let store: JobStore;
  beforeEach(async () => (store = await open()));
  const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id);

  it('gives a job back as it was saved, and null for another', async () => {
    const file = { path: '/somewhere/validation.csv', format: 'csv' } as const;
    const job = makeJob({ owner: 'me', validation: file, metrics: { loss: 0.1 }, best: 3 });
    await store.saveJob(job);
    expect(await store.job(job.id)).toEqual(job);
    expect(await store.job('job_none')).toBeNull();
  });

  it('lists jobs newest first, page by page, by owner, in the order of creation', async () => {
    const jobs = [null, 'a', 'b', 'a', null, 'a'].map((owner) => makeJob({ owner }));
    for (const job of jobs) await store.saveJob(job);
    await store.saveJob({ ...jobs[1]!, status: 'running' });
    const list = async (page: Parameters<JobStore['jobs']>[0]) =>
      (await store.jobs(page)).map(({ id }) => jobs.findIndex((job) => job.id === id));
    expect(await list({ limit: 9 })).toEqual([5, 4, 3, 2, 1, 0]);
    expect(await list({ limit: 2 })).toEqual([5, 4]);
    expect(await list({ limit: 3, after: jobs[4]!.id })).toEqual([3, 2, 1]);
    expect(await list({ limit: 9, owner: 'a' })).toEqual([5, 3, 1]);
    expect(await list({ limit: 1, after: jobs[5]!.id, owner: 'a' })).toEqual([3]);
    expect(await list({ limit: 9, owner: null })).toEqual([4, 0]);
    expect(await list({ limit: 9, owner: 'c' })).toEqual([]);
    expect(await list({ limit: 9, after: 'job_none' })).toEqual([5, 4, 3, 2, 1, 0]);
  });

  it('removes a job with its events and checkpoints', async () => {
    const [kept, removed] = [makeJob({ status: 'succeeded' }), makeJob({ status: 'succeeded' })];
    for (const { id, ...job } of [kept, removed]) {
      await store.saveJob({ id, ...job });
      await store.addEvent(makeEvent(id, 'said'));
      const row = { step: 1, epoch: 0, createdAt: 1, metrics: {}, best: true, published: null };
      await store.saveCheckpoint({ job: id, ...row });
    }
    await store.removeJob(removed.id);
    expect(await store.job(removed.id)).toBeNull();
    expect(idsOf(await store.jobs({ limit: 9 }))).toEqual([kept.id]);
    const counts = async (id: string) => [
      (await store.events(id, { limit: 9, after: 0 })).length,
      (await store.checkpoints(id)).length,
    ];
    expect([await counts(removed.id), await counts(kept.id)]).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  it('lists unfinished jobs, oldest first', async () => {
    const jobs = Array.from({ length: 4 }, () => makeJob());
    for (const job of jobs) await store.saveJob(job);
    await store.saveJob({ ...jobs[1]!, status: 'succeeded' });
    await store.saveJob({ ...jobs[2]!, status: 'paused' });
    expect(idsOf(await store.unfinishedJobs())).toEqual([jobs[0]!.id, jobs[2]!.id, jobs[3]!.id]);
  });

  it('keeps the events of a job in order, with ids that increase over all jobs', async () => {
    for (const message of ['a', 'b', 'c']) {
      await store.addEvent(makeEvent('one', message, { data: { text: 'ü:\n1:2' } }));
      await store.addEvent(makeEvent('two', message));
    }
    const all = await store.events('one', { limit: 9, after: 0 });
    expect(all.map(({ message }) => message)).toEqual(['a', 'b', 'c']);
    expect(all[0]!.data).toEqual({ text: 'ü:\n1:2' });
    expect(all[2]!.id).toBeGreaterThan(all[1]!.id + 1);
    expect(await store.events('one', { limit: 1, after: all[0]!.id })).toEqual([all[1]]);
    expect(await store.events('none', { limit: 9, after: 0 })).toEqual([]);
  });

  it('removes the events and checkpoints after a step, and gives no id twice', async () => {
    for (const step of [0, 1, 2, 10]) await store.addEvent(makeEvent('one', String(step), { step }));
    const row: JobCheckpoint = {
      job: 'one',
      step: 0,
      epoch: 0,
      createdAt: 1,
      metrics: { loss: 1 },
      best: false,
      published: null,
    };
    for (const step of [10, 1, 2, 9]) await store.saveCheckpoint({ ...row, step });
    await store.saveCheckpoint({ ...row, step: 1, published: 'm@1' });
    const last = (await store.events('one', { limit: 9, after: 0 })).at(-1)!.id;
    await store.removeAfterStep('one', 9);
    await store.removeCheckpoints('one', [2]);
    expect(await store.checkpoints('one')).toEqual([
      { ...row, step: 1, published: 'm@1' },
      { ...row, step: 9 },
    ]);
    await store.addEvent(makeEvent('one', 'later'));
    const rest = await store.events('one', { limit: 9, after: 0 });
    expect(rest.map(({ message }) => message)).toEqual(['0', '1', '2', 'later']);
    expect(rest.at(-1)!.id).toBeGreaterThan(last);
  });

  it('keeps datasets, newest first, until they are removed', async () => {
    const row = { name: '', format: 'csv', bytes: 1, records: 1, createdAt: 1 } as const;
    const datasets = ['ds_1', 'ds_2', 'ds_3'].map((id) => ({ ...row, id }));
    for (const dataset of datasets) await store.saveDataset(dataset);
    await store.removeDataset('ds_2');
    expect(await store.datasets()).toEqual([datasets[2], datasets[0]]);
    expect([await store.dataset('ds_1'), await store.dataset('ds_2')]).toEqual([datasets[0], null]);
  });

  it('ranks the trials of a comparison', async () => {
    const [worse, better] = [makeJob({ status: 'succeeded' }), makeJob({ status: 'succeeded' })];
    const comparison: Comparison = {
      id: 'cmp_1',
      model: 'm',
      status: 'running',
      createdAt: 1,
      request: {},
      trials: [worse, better].map(({ id }) => ({ job: id, cell: 'gru', settings: {} })),
      published: null,
    };
    for (const [job, loss] of [[worse, 0.9] as const, [better, 0.1] as const]) {
      await store.saveJob(job);
      await store.addEvent(makeEvent(job.id, '', { type: 'metrics', data: { train_loss: loss } }));
    }
    await store.saveComparison(comparison);
    await store.saveComparison({ ...comparison, id: 'cmp_2' });
    expect(idsOf(await store.comparisons())).toEqual(['cmp_2', 'cmp_1']);
    expect(await store.comparison('cmp_1')).toEqual(comparison);
    expect((await store.compare(comparison)).trials.map(({ job }) => job)).toEqual([better.id, worse.id]);
  });
}
