import type { Kernel } from '../kernel/kernel.ts';
import { arenaBytes } from './layout.ts';
import { compileNetwork, freeNetwork } from './compile-network.ts';
import { createRunner } from './runner.ts';
import type { NetworkSpec } from './spec.ts';
import type { Weights } from './weights.ts';

/**
 * Compiles a network, runs one sequence and frees the network.
 * @param sequence ids [steps], or features [steps · width]
 * @returns the output's rows [steps][width]
 * @throws UnrollError invalid_model, invalid_weights, out_of_memory
 */
export function runOnce(
  kernel: Kernel,
  network: NetworkSpec,
  weights: Weights,
  sequence: Int32Array | Float32Array,
): Float32Array[] {
  const compiled = compileNetwork(network, weights, kernel);
  const width = compiled.input.kind === 'features' ? compiled.input.width : 1;
  const steps = sequence.length / width;
  const size = { maxRows: 1, maxPacked: steps };
  const bytes = arenaBytes(compiled, size);
  const offset = kernel.memory.allocate(bytes);
  try {
    const runner = createRunner(compiled, kernel.memory.memory, { offset, bytes }, size);
    runner.join();
    runner.plan([steps]);
    if (compiled.input.kind === 'ids') runner.ids.set(sequence);
    else runner.features.set(sequence);
    const values = runner.run(
      Array.from({ length: steps }, (_, t) => t),
      'output',
    );
    return Array.from({ length: steps }, (_, t) =>
      values.slice(t * runner.outputWidth, (t + 1) * runner.outputWidth),
    );
  } finally {
    kernel.memory.free(offset);
    freeNetwork(compiled, kernel);
  }
}
