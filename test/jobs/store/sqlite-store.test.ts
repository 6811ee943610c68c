import { describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../../src/jobs/store/sqlite-store.ts';
import { makeEvent, makeJob, memoryDatabase } from '../fixtures.ts';

describe('the store', () => {
  it('lists jobs newest first, page by page', () => {
    const store = createSqliteStore(memoryDatabase());
    const jobs = Array.from({ length: 5 }, () => makeJob());
    for (const job of jobs) store.saveJob(job);
    const ids = jobs.map(({ id }) => id).toReversed();
    const first = store.jobs({ limit: 2 });
    const second = store.jobs({ limit: 3, after: first[1]!.id });
    expect([...first, ...second].map(({ id }) => id)).toEqual(ids);
  });

  it('keeps the order of jobs when one changes, and omits finished jobs from the unfinished', () => {
    const store = createSqliteStore(memoryDatabase());
    const [a, b] = [makeJob(), makeJob()];
    store.saveJob(a);
    store.saveJob(b);
    store.saveJob({ ...a, status: 'succeeded' });
    expect(store.unfinishedJobs().map(({ id }) => id)).toEqual([b.id]);
    expect(store.jobs({ limit: 9 }).map(({ id }) => id)).toEqual([b.id, a.id]);
  });

  it('lists the jobs of one owner page by page, with rows of earlier versions as of none', () => {
    const database = memoryDatabase();
    const store = createSqliteStore(database);
    const owners = ['a', 'b', 'a', null, 'a'];
    const jobs = owners.map((owner) => makeJob({ owner }));
    for (const job of jobs) store.saveJob(job);
    const [earlier, broken] = [makeJob(), makeJob()];
    for (const job of [earlier, broken]) store.saveJob(job);
    database.prepare("UPDATE jobs SET body = '{' WHERE id = ?").run(broken.id);
    const list = (owner: string | null, limit = 9, after?: string) =>
      store.jobs({ limit, after, owner }).map(({ id }) => jobs.findIndex((job) => job.id === id));
    expect(list('a')).toEqual([4, 2, 0]);
    expect(list('a', 1, jobs[4]!.id)).toEqual([2]);
    expect(list('c')).toEqual([]);
    expect(store.jobs({ limit: 9, owner: null }).map(({ id }) => id)).toEqual([earlier.id, jobs[3]!.id]);
    expect(store.jobs({ limit: 9 })).toHaveLength(6);
  });

  it('lists events in order with increasing ids, and removes those after a step', () => {
    const store = createSqliteStore(memoryDatabase());
    for (const [message, step] of [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ] as const)
      store.addEvent(makeEvent('one', message, { step }));
    const all = store.events('one', { limit: 9, after: 0 });
    expect(all.map(({ message }) => message)).toEqual(['a', 'b', 'c']);
    expect(store.events('one', { limit: 1, after: all[0]!.id })).toEqual([all[1]]);
    store.removeAfterStep('one', 2);
    store.addEvent(makeEvent('one', 'd'));
    const rest = store.events('one', { limit: 9, after: 0 });
    expect(rest.map(({ message }) => message)).toEqual(['a', 'b', 'd']);
    expect(rest[2]!.id).toBeGreaterThan(all[2]!.id);
  });

  it.each(['{', '[]', 'null', '{"id":"x"}'])('skips only the unreadable row: %s', (body) => {
    const database = memoryDatabase();
    const store = createSqliteStore(database);
    const [good, bad] = [makeJob(), makeJob()];
    store.saveJob(good);
    store.saveJob(bad);
    for (const message of ['a', 'b', 'c']) store.addEvent(makeEvent(good.id, message));
    const dataset = { id: 'ds_1', name: '', format: 'csv', bytes: 1, records: 1, createdAt: 1 } as const;
    store.saveDataset(dataset);
    store.saveDataset({ ...dataset, id: 'ds_2' });
    database.prepare('UPDATE jobs SET body = ? WHERE id = ?').run(body, bad.id);
    database.prepare('UPDATE events SET body = ? WHERE id = 2').run(body);
    database.prepare("UPDATE datasets SET body = ? WHERE id = 'ds_2'").run(body);
    expect(store.job(bad.id)).toBeNull();
    expect(store.unfinishedJobs()).toEqual([good]);
    expect(store.jobs({ limit: 9 })).toEqual([good]);
    expect(store.events(good.id, { limit: 9, after: 0 }).map(({ message }) => message)).toEqual(['a', 'c']);
    expect(store.datasets()).toEqual([dataset]);
  });

  it('computes the status of comparisons saved without one', () => {
    const store = createSqliteStore(memoryDatabase());
    const [won, gone] = [makeJob({ status: 'succeeded' }), makeJob({ status: 'cancelled' })];
    store.saveJob(won);
    store.saveJob(gone);
    const old = (id: string, job: string, published: string | null) =>
      store.saveComparison({
        id,
        model: 'm',
        createdAt: 1,
        request: {},
        published,
        trials: [{ job, cell: 'gru', settings: {} }],
      } as never);
    old('c1', won.id, 'm@1');
    old('c2', gone.id, null);
    expect([store.comparison('c1')!.status, store.comparison('c2')!.status]).toEqual([
      'succeeded',
      'cancelled',
    ]);
  });
});
