import { parentPort, workerData } from 'node:worker_threads';
import { emitLinear } from '../../src/kernel/emit/linear.ts';
import { openKernel, type KernelShare } from '../../src/kernel/kernel.ts';
import type { KernelMemory } from '../../src/kernel/memory.ts';

// A thread that compiles module after module, for kernel.test.ts.

const { share, first, count } = workerData as { share: KernelShare; first: number; count: number };
const kernel = openKernel(share, share as unknown as KernelMemory);
const compiled = Array.from({ length: count }, (_, index) =>
  kernel.compile((e) => emitLinear(e, { inner: first + index, columns: 64 })),
);
parentPort!.postMessage({
  paths: compiled.map(({ path }) => path),
  reasons: compiled.map(({ reason }) => reason),
});
