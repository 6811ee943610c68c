import { expect, it } from 'vitest';
import { UnrollError } from '../../../src/errors.ts';
import type { SessionArchive } from '../../../src/sessions/session-archive.ts';
import { makeSession, openArchive, openStore, temporaryFolder } from '../fixtures.ts';

// A durable session whose first write takes long: a kill in the meantime leaves none, so nothing may tell of it.

/** An archive whose next write waits. */
function openSlow() {
  const disk = openArchive(temporaryFolder());
  const writing = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const archive: SessionArchive = {
    ...disk,
    get size() {
      return disk.size;
    },
    async write(sessions, flushed) {
      writing.resolve();
      await gate.promise;
      return disk.write(sessions, flushed);
    },
  };
  return { archive, writing: writing.promise, gate };
}
const all = { limit: 10, owner: undefined, model: undefined, after: undefined };
const isSettled = async (work: Promise<unknown>): Promise<boolean> => {
  const settled = work.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, new Promise<boolean>((resolve) => setTimeout(resolve, 20, false))]);
};

it('is shown to nobody and keeps its id until it is on disk', async () => {
  const { archive, writing, gate } = openSlow();
  const store = openStore(archive);
  const adding = store.add(makeSession('a', { durable: true }), false);
  await writing;
  const reading = store.read('a');
  const again = store.add(makeSession('a'), false);
  again.catch(() => {});
  expect(await store.list(all)).toEqual([]);
  expect(await isSettled(reading)).toBe(false);
  expect(await isSettled(again)).toBe(false);
  gate.resolve();
  await adding;
  expect((await reading).id).toBe('a');
  await expect(again).rejects.toMatchObject({ code: 'session_exists' });
  expect((await store.list(all)).map(({ id }) => id)).toEqual(['a']);
  await store.close();
});

it('was never there when it cannot be written', async () => {
  const { archive, writing, gate } = openSlow();
  const store = openStore(archive);
  const adding = store.add(makeSession('a', { durable: true }), false);
  adding.catch(() => {});
  await writing;
  const reading = store.read('a');
  reading.catch(() => {});
  const again = store.add(makeSession('a'), false);
  gate.reject(new UnrollError('sessions_unavailable', 'the disk is on strike'));
  await expect(adding).rejects.toMatchObject({ code: 'sessions_unavailable' });
  await expect(reading).rejects.toMatchObject({ code: 'session_not_found' });
  await again;
  expect((await store.read('a')).durable).toBe(false);
});
