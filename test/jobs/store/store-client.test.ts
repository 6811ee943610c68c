import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createStoreClient, type StoreClient } from '../../../src/jobs/store/store-client.ts';
import { makeEvent, eventually, makeJob, silent, temporaryFolder } from '../fixtures.ts';

const clients: StoreClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close(1000);
});
function client(folder: string, more: { timeoutMs?: number; log?: typeof silent; readOnly?: boolean } = {}) {
  const made = createStoreClient({ folder, readOnly: false, log: silent, ...more });
  clients.push(made);
  return made;
}
/** Holds the database's write lock until it is released. */
function lock(folder: string): () => void {
  const other = new DatabaseSync(join(folder, 'unroll.db'));
  other.exec('PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE');
  return () => other.close();
}

describe('the database’s thread', () => {
  it('executes calls in their order, those from before it started too', async () => {
    const { store, start } = client(temporaryFolder());
    const job = makeJob();
    const saved = store.saveJob(job);
    start();
    await saved;
    const messages = Array.from({ length: 300 }, (_, i) => `event ${i}`);
    const added = messages.map((message) => store.withoutTimeout.addEvent(makeEvent(job.id, message)));
    const events = await store.events(job.id, { limit: 1000, after: 0 });
    expect(events.map(({ message }) => message)).toEqual(messages);
    await Promise.all(added);
    expect(await store.job(job.id)).toEqual(job);
  });

  it('fails a call after its limit while the database is locked; the main thread goes on, patient calls wait', async () => {
    const folder = temporaryFolder();
    const { store, start, state } = client(folder, { timeoutMs: 300 });
    start();
    await eventually(() => state().kind === 'ready');
    const release = lock(folder);
    const patient = makeJob();
    const saved = store.withoutTimeout.saveJob(patient);
    let turns = 0;
    const ticking = setInterval(() => turns++, 5);
    await expect(store.saveJob(makeJob())).rejects.toMatchObject({
      code: 'training_unavailable',
      message: expect.stringMatching(/locked by another process/) as string,
    });
    clearInterval(ticking);
    // a thread that waits for the lock would not have turned at all
    expect(turns).toBeGreaterThan(5);
    release();
    await saved;
    // the call that failed was never executed
    expect(await store.unfinishedJobs()).toEqual([patient]);
    expect(state()).toEqual({ kind: 'ready' });
  });

  it('says why a folder cannot be used, and uses it once it can', async () => {
    const folder = join(temporaryFolder(), 'data');
    writeFileSync(folder, 'a file in its place');
    const errors: unknown[] = [];
    const made = client(folder, {
      log: { ...silent, error: (fields: object) => void errors.push(fields) } as never,
    });
    let ready = 0;
    made.onReady(() => ready++);
    made.start();
    await eventually(() => made.state().kind === 'unavailable');
    await expect(made.store.jobs({ limit: 1 })).rejects.toMatchObject({ code: 'training_unavailable' });
    expect(errors).toEqual([{ reason: expect.stringContaining(folder) as string }]);
    rmSync(folder);
    await eventually(() => made.state().kind === 'ready');
    expect(await made.store.jobs({ limit: 1 })).toEqual([]);
    expect(ready).toBe(1);
  });

  it('takes over a folder when the server that used it ends', async () => {
    const folder = temporaryFolder();
    const first = client(folder);
    first.start();
    const job = makeJob();
    await first.store.saveJob(job);
    const second = client(folder);
    second.start();
    await eventually(() => second.state().kind === 'unavailable');
    expect(second.state()).toMatchObject({
      reason: expect.stringMatching(/another server trains with/) as string,
    });
    await first.close(1000);
    await eventually(() => second.state().kind === 'ready');
    expect(await second.store.job(job.id)).toEqual(job);
  });

  it('goes on in a new database when the one it has is damaged, with the jobs it had', async () => {
    const folder = temporaryFolder();
    const { store, start } = client(folder);
    start();
    const job = makeJob({ status: 'running' });
    await store.saveJob(job);
    // more than SQLite keeps in memory
    const text = 'x'.repeat(20_000);
    const added = Array.from({ length: 800 }, () => store.withoutTimeout.addEvent(makeEvent(job.id, text)));
    await Promise.all(added);
    const path = join(folder, 'unroll.db');
    writeFileSync(path, Buffer.alloc(statSync(path).size, 0xa5), { flag: 'r+' });
    await store.events(job.id, { limit: 10_000, after: 0 });
    const other = makeJob();
    await store.saveJob(other);
    expect((await store.unfinishedJobs()).map(({ id }) => id)).toEqual(
      expect.arrayContaining([job.id, other.id]),
    );
    expect(readdirSync(folder).some((name) => name.startsWith('unroll.db.damaged-'))).toBe(true);
  });

  it('ends in time while the database is locked', async () => {
    const folder = temporaryFolder();
    const made = client(folder);
    made.start();
    await made.store.jobs({ limit: 1 });
    const release = lock(folder);
    const patient = made.store.withoutTimeout.saveJob(makeJob());
    const refused = expect(patient).rejects.toMatchObject({ code: 'training_unavailable' });
    await delay(50);
    await made.close(500);
    await refused;
    release();
  });

  it('only reads where it is told to, also beside a server that trains', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'x'));
    const first = client(folder);
    first.start();
    const job = makeJob();
    await first.store.saveJob(job);
    const reader = client(folder, { readOnly: true });
    reader.start();
    expect(await reader.store.job(job.id)).toEqual(job);
    await expect(reader.store.saveJob(job)).rejects.toMatchObject({ code: 'training_unavailable' });
    expect(first.state()).toEqual({ kind: 'ready' });
  });
});
