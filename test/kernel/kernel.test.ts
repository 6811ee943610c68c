import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { createKernel } from '../../src/cells/create-kernel.ts';
import { openKernel, type KernelShare } from '../../src/kernel/kernel.ts';
import { emitLinear } from '../../src/kernel/emit/linear.ts';

const kernel = createKernel({ mode: 'auto', memoryMegabytes: 16 });

interface Found {
  readonly paths: readonly string[];
  readonly reasons: readonly string[];
}

/** Compiles modules of its own shapes as fast as it can. */
async function compileInThread(share: KernelShare, first: number): Promise<Found> {
  const worker = new Worker(new URL('./compile-thread.ts', import.meta.url), {
    workerData: { share, first, count: 12 },
  });
  onTestFinished(() => void worker.terminate());
  const [found] = (await once(worker, 'message')) as [Found];
  return found;
}

it('compiles on the chosen path in three threads at once, every time', async () => {
  const found = await Promise.all([100, 200, 300].map((first) => compileInThread(kernel.share, first)));
  const paths = found.flatMap(({ paths }) => paths);
  expect(paths).toHaveLength(36);
  expect(new Set(paths), found.flatMap(({ reasons }) => reasons).join('\n')).toEqual(new Set([kernel.path]));
});

it('shares its constants with other threads without overwriting any', () => {
  const other = openKernel(kernel.share, kernel.memory);
  const addresses = new Map<number, number>();
  const bits = new Int32Array(kernel.memory.memory.buffer);
  for (let value = 1000; value < 1040; value++)
    for (const { compile } of [kernel, other])
      compile((e) => {
        e.bits(value);
        emitLinear(e, { inner: 1, columns: 1 });
        const at = bits.subarray(0, 1024).indexOf(value);
        expect(at).toBeGreaterThan(0);
        expect(addresses.get(value) ?? at).toBe(at);
        addresses.set(value, at);
      });
  expect(new Set(addresses.values()).size).toBe(40);
});

it('allocates no memory to measure a module', () => {
  const small = createKernel({ mode: 'auto', memoryMegabytes: 1 });
  const region = small.memory.allocate(1);
  const limit = small.memory.maximumPages * 65_536;
  const rest = small.memory.allocate(limit - region - 64);
  expect(small.compile((e) => emitLinear(e, { inner: 2, columns: 2 })).path).toBe(kernel.path);
  small.memory.free(rest);
});

it('compiles networks of one shape once, and others on their own', () => {
  const shape = { inner: 3, columns: 5 };
  const compile = (size: typeof shape) => kernel.compile((e) => emitLinear(e, size)).module;
  const first = compile(shape);
  expect(compile(shape)).toBe(first);
  expect(compile({ ...shape, columns: 6 })).not.toBe(first);
  // the latest are kept
  for (let inner = 10; inner < 10 + 64; inner++) compile({ inner, columns: 1 });
  expect(compile(shape)).not.toBe(first);
});
