import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { UnrollError } from '../../../src/errors.ts';
import type { SessionArchive } from '../../../src/sessions/session-archive.ts';
import type { SessionStore } from '../../../src/sessions/session-store.ts';
import { makeSession, openArchive, openStore, temporaryFolder } from '../fixtures.ts';

// A store in memory whose disk fails, or expires sessions, at a chosen moment.

/** A real archive whose writes and removals fail while `strikes` is set. */
function openFailing() {
  const disk = openArchive(temporaryFolder());
  const state = { strikes: false };
  const refuse = <T>(work: () => Promise<T>): Promise<T> =>
    state.strikes ? Promise.reject(new UnrollError('sessions_unavailable', 'the disk is on strike')) : work();
  const archive: SessionArchive = {
    ...disk,
    get size() {
      return disk.size;
    },
    write: (sessions, flushed) => refuse(() => disk.write(sessions, flushed)),
    remove: (ids) => refuse(() => disk.remove(ids)),
    close: () => Promise.resolve(),
  };
  return { archive, state };
}
async function step(store: SessionStore, id: string): Promise<number> {
  const held = await store.hold(id);
  try {
    const steps = held.session.steps + 1;
    await held.save({ ...held.session, steps, state: Float32Array.of(steps) });
    return steps;
  } finally {
    held.release();
  }
}
const unavailable = { code: 'sessions_unavailable' };

it('a session that cannot be deleted from disk stays, and once deleted does not come back', async () => {
  const { archive, state } = openFailing();
  const store = openStore(archive);
  await store.add(makeSession('a', { durable: true }), false);
  state.strikes = true;
  await expect(store.remove('a')).rejects.toMatchObject(unavailable);
  expect((await store.read('a')).steps).toBe(0);
  state.strikes = false;
  expect(await step(store, 'a')).toBe(1);
  await store.remove('a');
  await store.close();
  await expect(openStore(archive).read('a')).rejects.toMatchObject({ code: 'session_not_found' });
});

it('a durable call that cannot be written has changed nothing, and others go on', async () => {
  const { archive, state } = openFailing();
  const store = openStore(archive);
  await store.add(makeSession('durable', { durable: true }), false);
  await store.add(makeSession('other'), false);
  await step(store, 'durable');
  state.strikes = true;
  await expect(step(store, 'durable')).rejects.toMatchObject(unavailable);
  await expect(store.add(makeSession('more', { durable: true }), true)).rejects.toMatchObject(unavailable);
  await expect(store.read('more')).rejects.toMatchObject({ code: 'session_not_found' });
  expect(await step(store, 'other')).toBe(1);
  state.strikes = false;
  expect(await step(store, 'durable')).toBe(2);
  await store.close();
});

it('sessions are refused where memory is full and none can be written', async () => {
  const { archive, state } = openFailing();
  const store = openStore(archive, { maxSessions: 2, writeMs: 20 });
  state.strikes = true;
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => store.add(makeSession(`s${i}`), true)),
  );
  const refused = results.filter(({ status }) => status === 'rejected');
  expect(store.counts.active).toBeLessThanOrEqual(3);
  expect(refused[0]).toMatchObject({
    reason: { code: 'sessions_full', message: expect.stringContaining('strike') as string },
  });
  state.strikes = false;
  await vi.waitFor(() => store.add(makeSession('late'), true), 5000);
  await vi.waitFor(() => expect(store.counts.active).toBe(2), 5000);
  for (const [i, { status }] of results.entries())
    if (status === 'fulfilled') expect(await step(store, `s${i}`)).toBe(1);
  await store.close();
});

it('an old state that is written late does not replace a durable one', async () => {
  const { archive } = openFailing();
  const store = openStore(archive, { writeMs: 1 });
  await store.add(makeSession('a', { durable: true }), false);
  for (let steps = 1; steps <= 40; steps++) {
    const held = await store.hold('a');
    // to be written, since it was used
    held.release();
    await step(store, 'a');
    expect((await archive.read('a'))!.session.steps).toBe(steps);
  }
  await store.close();
});

it('an id that has expired can begin again, and leave memory', async () => {
  const { archive } = openFailing();
  const store = openStore(archive, { maxSessions: 1 });
  await store.add(makeSession('a', { ttlMs: 50 }), false);
  await delay(80);
  await expect(store.read('a')).rejects.toMatchObject({ code: 'session_expired' });
  await store.add(makeSession('a', { steps: 7 }), false);
  await store.add(makeSession('b'), false);
  await vi.waitFor(() => expect(store.counts).toMatchObject({ active: 1, evicted: 1 }), 5000);
  expect((await store.read('a')).steps).toBe(7);
  await store.close();
});

it('reading a session on disk does not put off its end', async () => {
  const { archive } = openFailing();
  const store = openStore(archive, { maxSessions: 1 });
  await store.add(makeSession('a', { ttlMs: 4000 }), false);
  await store.add(makeSession('b'), false);
  await vi.waitFor(() => expect(store.counts.evicted).toBe(1), 3000);
  await delay(300);
  await store.read('a');
  await delay(3800);
  await expect(store.read('a')).rejects.toMatchObject({ code: 'session_expired' });
  await store.close();
});

it('forks of a durable session are on disk when they are there, with few writes', async () => {
  const { archive, state } = openFailing();
  const write = vi.spyOn(archive, 'write');
  const store = openStore(archive, { maxSessions: 1000, writeMs: 60_000 });
  const forks = (name: string) =>
    Array.from({ length: 300 }, (_, i) => makeSession(`${name}-${i}`, { durable: true, steps: i }));
  await store.addForks(forks('a'));
  expect(write).toHaveBeenCalledTimes(3);
  expect((await openStore(archive).read('a-299')).steps).toBe(299);
  expect(await step(store, 'a-7')).toBe(8);

  state.strikes = true;
  await expect(store.addForks(forks('b'))).rejects.toMatchObject(unavailable);
  expect(store.counts.active).toBe(300);
  await expect(store.read('b-0')).rejects.toMatchObject({ code: 'session_not_found' });
  state.strikes = false;
  await store.close();
});

it('a session that leaves memory while it is read is read again', async () => {
  const { archive } = openFailing();
  const store = openStore(archive, { maxSessions: 1, writeMs: 60_000 });
  const state = Float32Array.of(1, 2, 3);
  await store.add(makeSession('a', { state }), false);
  for (let round = 0; round < 50; round++) {
    const other = makeSession(`other-${round}`, { state: Float32Array.of(9, 9, round) });
    const [read] = await Promise.all([store.read('a'), store.add(other, true)]);
    expect(read.state).toEqual(state);
  }
  await store.close();
});
