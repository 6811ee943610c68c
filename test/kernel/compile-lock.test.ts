import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { createLock, inheritedLock, withLock } from '../../src/kernel/compile-lock.ts';

const lockFile = new URL('../../src/kernel/compile-lock.ts', import.meta.url).href;

/** A thread that runs `body` with the lock's functions, `lock`, `seen` and `post` in scope. */
function thread(body: string, lock: Int32Array, seen: Int32Array = new Int32Array(0)): Worker {
  const program = `
    const { parentPort, workerData: { lock, seen } } = require('node:worker_threads');
    const post = (message) => parentPort.postMessage(message);
    import(${JSON.stringify(lockFile)}).then(({ withLock, inheritedLock }) => { ${body} });`;
  const worker = new Worker(program, { eval: true, workerData: { lock, seen } });
  onTestFinished(() => void worker.terminate());
  return worker;
}
const shared = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(length * 4));

it('has one holder at a time', async () => {
  const lock = createLock();
  /** [threads inside, most at once, entries] */
  const seen = shared(3);
  const threads = Array.from({ length: 3 }, () =>
    thread(
      `for (let round = 0; round < 300; round++) withLock(lock, 60_000, () => {
        const inside = Atomics.add(seen, 0, 1) + 1;
        if (inside > Atomics.load(seen, 1)) Atomics.store(seen, 1, inside);
        for (let i = 0; i < 2000; i++) Atomics.load(seen, 0);
        Atomics.add(seen, 2, 1);
        Atomics.sub(seen, 0, 1);
      });
      post('over')`,
      lock,
      seen,
    ),
  );
  await Promise.all(threads.map((worker) => once(worker, 'message')));
  expect([...seen]).toEqual([0, 1, 900]);
});

it('is released after an error', () => {
  const lock = createLock();
  expect(() =>
    withLock(lock, 1000, () => {
      throw new Error('inside');
    }),
  ).toThrow('inside');
  expect(withLock(lock, 60_000, (isHolder) => isHolder())).toBe(true);
});

it('passes on from a thread that was terminated while it held it', async () => {
  const lock = createLock();
  const holder = thread(
    `withLock(lock, 60_000, () => { post('in'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); })`,
    lock,
  );
  await once(holder, 'message');
  await holder.terminate();
  expect(withLock(lock, 50, (isHolder) => isHolder())).toBe(true);
  expect(withLock(lock, 60_000, (isHolder) => isHolder())).toBe(true);
});

it('reports to a slow holder that it has lost the lock, and is not released by it', async () => {
  const lock = createLock();
  withLock(lock, 1000, (isHolder) => {
    // what a thread does that has waited too long
    expect(withLock(lock, 1, (other) => other() && !isHolder())).toBe(true);
    Atomics.store(lock, 0, 99);
  });
  expect(Atomics.load(lock, 0)).toBe(99);
});

it('is the same in every thread of the process, also in those that a thread starts', async () => {
  const own = inheritedLock();
  const before = Atomics.load(own, 1);
  const worker = thread(
    `const { Worker } = require('node:worker_threads');
     const inner = "import(" + ${JSON.stringify(JSON.stringify(lockFile))} + ").then(({ withLock, inheritedLock }) => withLock(inheritedLock(), 60000, () => {}))";
     new Worker(inner, { eval: true }).on('exit', () => post('over'));`,
    own,
  );
  await once(worker, 'message');
  expect(Atomics.load(own, 1)).toBe(before + 1);
});
