import { clearVectorRegisters, type KernelPath } from './compile.ts';
import type { Emitter } from './emit/emitter.ts';
import { emitLinear } from './emit/linear.ts';
import { instantiate } from './instantiate.ts';
import type { SharedMemory } from './memory.ts';

// V8 takes a flag that it does not know, and pairs nothing on a processor without 256-bit registers: neither is an
// error, so whether the revectorised path is one can only be measured. A few milliseconds at start, and one a module.

const inner = 128;
const columns = 128;
const rows = 48;
const rounds = 25;

const parts = [rows * inner, inner * columns, columns, rows * columns].map((length) => length * 4);
/** Memory of one measurement, from a multiple of 16 on. */
export const probeBytes = parts.reduce((sum, bytes) => sum + bytes, 0);

/** Below this the flag did nothing: V8 does not know it, or the processor has no 256-bit registers. */
export const minGain = 1.15;

/** Adds the product that is timed to a module. @returns its name there */
export const emitProbe = (e: Emitter): string => emitLinear(e, { inner, columns });

/** How many times as fast the second module's probe runs as the first's: the best of several turns each. */
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

/** How many times as fast the revectorised path multiplies matrices. */
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
