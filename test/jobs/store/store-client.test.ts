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
  const storeClient = createStoreClient({ folder, readOnly: false, log: silent, ...more });
  clients.push(storeClient);
  return storeClient;
}
/** Locks the database for writing. @returns releases the lock */
function lock(folder: string): () => void {
  const other = new DatabaseSync(join(folder, 'unroll.db'));
  other.exec('PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE');
  return () => other.close();
}

describe('the database thread', () => {
  it('executes calls in order, including calls made before it started', async () => {
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

  it('fails a call after its timeout while the database is locked; the main thread is not blocked, calls without timeout wait', async () => {
    const folder = temporaryFolder();
    const { store, start, state } = client(folder, { timeoutMs: 300 });
    start();
    await eventually(() => state().kind === 'ready');
    const release = lock(folder);
    const waiting = makeJob();
    const saved = store.withoutTimeout.saveJob(waiting);
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 5);
    await expect(store.saveJob(makeJob())).rejects.toMatchObject({
      code: 'training_unavailable',
      message: expect.stringMatching(/locked by another process/) as string,
    });
    clearInterval(ticking);
    // a main thread that waits for the lock would not tick at all
    expect(ticks).toBeGreaterThan(5);
    release();
    await saved;
    // the call that failed was never executed
    expect(await store.unfinishedJobs()).toEqual([waiting]);
    expect(state()).toEqual({ kind: 'ready' });
  });

  it('reports why a folder cannot be used, and uses it once it can', async () => {
    const folder = join(temporaryFolder(), 'data');
    writeFileSync(folder, 'a file in its place');
    const errors: unknown[] = [];
    const storeClient = client(folder, {
      log: { ...silent, error: (fields: object) => void errors.push(fields) } as never,
    });
    let ready = 0;
    storeClient.onReady(() => ready++);
    storeClient.start();
    await eventually(() => storeClient.state().kind === 'unavailable');
    await expect(storeClient.store.jobs({ limit: 1 })).rejects.toMatchObject({
      code: 'training_unavailable',
    });
    expect(errors).toEqual([{ reason: expect.stringContaining(folder) as string }]);
    rmSync(folder);
    await eventually(() => storeClient.state().kind === 'ready');
    expect(await storeClient.store.jobs({ limit: 1 })).toEqual([]);
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

  it('continues in a new database when the current one is damaged, with its jobs', async () => {
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

  it('closes in time while the database is locked', async () => {
    const folder = temporaryFolder();
    const storeClient = client(folder);
    storeClient.start();
    await storeClient.store.jobs({ limit: 1 });
    const release = lock(folder);
    const waiting = storeClient.store.withoutTimeout.saveJob(makeJob());
    const rejected = expect(waiting).rejects.toMatchObject({ code: 'training_unavailable' });
    await delay(50);
    await storeClient.close(500);
    await rejected;
    release();
  });

  it('only reads with readOnly, also beside a training server', async () => {
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
