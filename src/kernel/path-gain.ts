import type { KernelPath } from './compile.ts';
import { clearVectorRegisters } from './compile.ts';
import type { Emitter } from './emit/emitter.ts';
import { emitLinear } from './emit/linear.ts';
import { instantiate } from './instantiate.ts';
import type { SharedMemory } from './memory.ts';

// V8 takes a flag that it does not know, and pairs nothing on a processor without 256-bit registers: neither is an
// error, so whether the revectorised path is one can only be measured. A few milliseconds at start.

const inner = 128;
const columns = 128;
const rows = 48;
const rounds = 25;

/** How many times as fast the revectorised path multiplies matrices: the best of several turns each. */
export function pathGain(
  memory: SharedMemory,
  build: (path: KernelPath, emit: (e: Emitter) => void) => WebAssembly.Module,
): number {
  const [x, w, bias, y] = [rows * inner, inner * columns, columns, rows * columns].map((length) =>
    memory.allocate(length * 4),
  );
  try {
    const run = (path: KernelPath): (() => number) => {
      let name = '';
      const module = build(path, (e) => (name = emitLinear(e, { inner, columns })));
      const linear = instantiate(module, memory.memory)[name]!;
      return () => {
        const began = performance.now();
        linear(x!, w!, bias!, y!, rows);
        return performance.now() - began;
      };
    };
    const plain = run('plain');
    const paired = run('revectorised');
    let [bestPlain, bestPaired] = [Infinity, Infinity];
    for (let round = 0; round < rounds; round++) {
      bestPlain = Math.min(bestPlain, plain());
      bestPaired = Math.min(bestPaired, paired());
    }
    clearVectorRegisters();
    return bestPlain / bestPaired;
  } finally {
    for (const region of [x, w, bias, y]) memory.free(region!);
  }
}
