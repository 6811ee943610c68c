import { expect, test } from 'vitest';
import { makeSession, openArchive, openStore, temporaryFolder } from '../fixtures.ts';

// The memory of sessions is bounded by their bytes, whatever their number.

/** The thread of the disk starts late on a loaded machine. */
const patient = { timeout: 20_000 };
const state = (seed: number): Float32Array => Float32Array.from({ length: 1000 }, (_, k) => seed + k);

test('sessions leave memory when their bytes are too many, and come back as they were', async () => {
  const store = openStore(openArchive(temporaryFolder()), { maxBytes: 20_000 });
  for (let seed = 0; seed < 30; seed++)
    await store.add(makeSession(`s${seed}`, { state: state(seed), steps: seed }), true);
  await expect.poll(() => store.counts.active, patient).toBeLessThanOrEqual(5);
  expect(store.counts.active + store.counts.evicted).toBe(30);
  for (let seed = 0; seed < 30; seed++)
    expect(await store.read(`s${seed}`)).toMatchObject({ steps: seed, state: state(seed) });
  await store.close();
});

test('marks and last steps count, and one session that is too large alone is kept all the same', async () => {
  const store = openStore(openArchive(temporaryFolder()), { maxBytes: 20_000 });
  await store.add(makeSession('small', { state: state(1) }), true);
  await store.add(makeSession('grows', { state: state(2) }), true);
  const held = await store.hold('grows');
  const marks = Array.from({ length: 10 }, (_, k) => ({
    name: `m${k}`,
    steps: k,
    pendingId: null,
    state: state(k),
  }));
  const history = [
    { from: { steps: 0, pendingId: null, state: null }, input: new Float32Array(5000), steps: 5 },
  ];
  await held.save({ ...held.session, marks, history });
  held.release();
  await expect.poll(() => store.counts.active, patient).toBeLessThanOrEqual(1);
  expect((await store.read('grows')).marks).toEqual(marks);
  expect((await store.read('small')).state).toEqual(state(1));
  await store.close();
});
