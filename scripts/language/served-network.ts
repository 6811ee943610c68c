import type { Kernel } from '../../src/kernel/kernel.ts';
import { arenaBytes } from '../../src/network/layout.ts';
import { compileNetwork } from '../../src/network/program.ts';
import { createRunner } from '../../src/network/runner.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';
import type { Weights } from '../../src/network/weights.ts';

/** A trained network on the kernel that serves it: figures are measured on this, not on what trained it. */
export interface ServedNetwork {
  /** The output at the last step of every sequence of ids. */
  last(sequences: readonly Int32Array[]): Float32Array[];
}

const maxPacked = 2048;

export function serveNetwork(spec: NetworkSpec, weights: Weights, kernel: Kernel): ServedNetwork {
  const program = compileNetwork(spec, weights, kernel);
  const size = { maxRows: 1, maxPacked };
  const bytes = arenaBytes(program, size);
  const arena = { offset: kernel.memory.allocate(bytes), bytes };
  const runner = createRunner(program, kernel.memory.memory, arena, size);
  const run = (ids: Int32Array, wanted: readonly number[]): Float32Array => {
    runner.plan([ids.length]);
    runner.ids.set(ids);
    return runner.run(wanted, 'output');
  };
  return {
    last: (sequences) =>
      sequences.map((ids) => {
        runner.join();
        const output = run(ids, [ids.length - 1]).slice(0, runner.outputWidth);
        runner.leave(0);
        return output;
      }),
  };
}
