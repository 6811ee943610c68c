import { fma, load, loadSplat } from '../../src/kernel/assembler/expressions.ts';
import { clearVectorRegisters } from '../../src/kernel/compile.ts';
import { instantiate } from '../../src/kernel/instantiate.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';

const rows = 6;
const vectors = 4;
const loops = 4_000_000;

/**
 * Creates a probe that measures for some 7 ms the GFLOP/s of fused multiply-adds that read nothing but registers: what
 * no product can exceed. A core's own speed varies by a third from one second to the next where others use the machine,
 * so that it is measured beside each round.
 */
export function createRateProbe(): () => number {
  const kernel = createKernel({ mode: 'auto', memoryMegabytes: 16 });
  const buffer = kernel.memory.allocate(rows * vectors * 16);
  const { module } = kernel.compile((e) =>
    e.module.function('multiply_add', ['at', 'loops'], (f, { at, loops: count }) => {
      const acc = Array.from({ length: rows }, (_, r) =>
        Array.from({ length: vectors }, (__, v) => f.v128(load(at, (r * vectors + v) * 16))),
      );
      const weights = Array.from({ length: vectors }, (_, v) => f.v128(load(at, v * 16)));
      const x = f.v128(loadSplat(at));
      f.repeat(count, () =>
        acc.forEach((row) => row.forEach((sum, v) => f.set(sum, fma(weights[v]!, x, sum)))),
      );
      acc.forEach((row, r) => row.forEach((sum, v) => f.store(at, sum, (r * vectors + v) * 16)));
    }),
  );
  const run = instantiate(module, kernel.memory.memory)['multiply_add']!;
  return () => {
    const began = performance.now();
    run(buffer, loops);
    const ms = performance.now() - began;
    clearVectorRegisters();
    return (2 * 4 * rows * vectors * loops) / ms / 1e6;
  };
}
