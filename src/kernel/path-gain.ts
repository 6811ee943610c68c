import { clearVectorRegisters, type KernelPath } from './compile.ts';
import { load } from './assembler/expressions.ts';
import type { Emitter } from './emit/emitter.ts';
import { accumulate } from './emit/tile.ts';
import { instantiate } from './instantiate.ts';
import { panelWidth } from './layout.ts';
import type { SharedMemory } from './memory.ts';

// V8 accepts unknown flags, and does not revectorise on a processor without 256-bit registers. Neither is an
// error, so whether code is revectorised can only be measured: a few milliseconds at start, and one for each
// module.

/** One tile, so that every module has a few hundred bytes of it and not sixteen thousand. */
const tile = { rows: 6, vectors: 4, inner: 128 };
const tiles = 16;
const rounds = 25;

const parts = [tile.rows * tile.inner, tile.inner * panelWidth, tile.rows * panelWidth].map(
  (length) => length * 4,
);
/** Memory of one measurement; its address is a multiple of 16. */
export const probeBytes = parts.reduce((sum, bytes) => sum + bytes, 0);

/** Below this the flag has no effect: V8 does not know it, or the processor has no 256-bit registers. */
export const minGain = 1.15;

/** Emits the product that is timed. @returns its name in the module */
export const emitProbe = (e: Emitter): string =>
  e.module.function('probe', ['x', 'w', 'y', 'count'], (f, { x, w, y, count }) => {
    f.repeat(count, () => {
      const at = (r: number, v: number): number => (r * tile.vectors + v) * 16;
      const sums = Array.from({ length: tile.rows }, (_, r) =>
        Array.from({ length: tile.vectors }, (__, v) => f.v128(load(y, at(r, v)))),
      );
      accumulate(f, tile, x, w, sums);
      sums.forEach((row, r) => row.forEach((sum, v) => f.store(y, sum, at(r, v))));
    });
  });

/** How many times as fast the second module's probe runs as the first's: the best of several rounds each. */
export function measureProbeGain(
  memory: WebAssembly.Memory,
  address: number,
  probe: string,
  [plain, tested]: readonly [WebAssembly.Module, WebAssembly.Module],
): number {
  let next = address;
  const addresses = parts.map((bytes) => (next += bytes) - bytes);
  const timed = (module: WebAssembly.Module): (() => number) => {
    const multiply = instantiate(module, memory)[probe]!;
    return () => {
      const began = performance.now();
      multiply(...addresses, tiles);
      return performance.now() - began;
    };
  };
  const [runPlain, runTested] = [timed(plain), timed(tested)];
  let [bestPlain, bestTested] = [Infinity, Infinity];
  for (let round = 0; round < rounds; round++) {
    bestPlain = Math.min(bestPlain, runPlain());
    bestTested = Math.min(bestTested, runTested());
  }
  clearVectorRegisters();
  return bestPlain / bestTested;
}

/** Measures how many times as fast as the plain path the revectorised path multiplies matrices. */
export function measurePathGain(
  memory: SharedMemory,
  build: (path: KernelPath, emit: (e: Emitter) => void) => WebAssembly.Module,
): number {
  const address = memory.allocate(probeBytes);
  try {
    let probe = '';
    const compile = (path: KernelPath): WebAssembly.Module => build(path, (e) => (probe = emitProbe(e)));
    const modules = [compile('plain'), compile('revectorised')] as const;
    return measureProbeGain(memory.memory, address, probe, modules);
  } finally {
    memory.free(address);
  }
}
