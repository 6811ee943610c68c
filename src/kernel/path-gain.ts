import { clearVectorRegisters, type KernelPath } from './compile.ts';
import type { Emitter } from './emit/emitter.ts';
import { emitLinear } from './emit/linear.ts';
import { instantiate } from './instantiate.ts';
import type { SharedMemory } from './memory.ts';

// V8 accepts unknown flags, and does not revectorise on a processor without 256-bit registers. Neither is an
// error, so whether code is revectorised can only be measured: a few milliseconds at start, and one for each
// module.

const inner = 128;
const columns = 128;
const rows = 48;
const rounds = 25;

const parts = [rows * inner, inner * columns, columns, rows * columns].map((length) => length * 4);
/** Memory of one measurement; its address is a multiple of 16. */
export const probeBytes = parts.reduce((sum, bytes) => sum + bytes, 0);

/** Below this the flag has no effect: V8 does not know it, or the processor has no 256-bit registers. */
export const minGain = 1.15;

/** Emits the product that is timed. @returns its name in the module */
export const emitProbe = (e: Emitter): string => emitLinear(e, { inner, columns });

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
    const linear = instantiate(module, memory)[probe]!;
    return () => {
      const began = performance.now();
      linear(...addresses, rows);
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
