import type { KernelMode } from '../../src/kernel/compile.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Precision } from '../../src/kernel/precision.ts';
import { resolveGraph } from '../../src/network/graph.ts';
import type { InsideLayer, InsideRows } from '../../src/network/inside.ts';
import { listInsideLayers } from '../../src/network/inside-layers.ts';
import type { NetworkInput } from '../../src/network/input.ts';
import { measureLayout } from '../../src/network/layout.ts';
import { compileNetwork, freeNetwork } from '../../src/network/compile-network.ts';
import { createRunner, type Runner } from '../../src/network/runner.ts';
import { networkSpec, type NetworkSpec } from '../../src/network/spec.ts';
import type { Tensor, Weights } from '../../src/network/weights.ts';
import type { z } from 'zod';

// Networks with seeded random weights, and ways to run sequences through them.

/** Numbers in [−1, 1) (Numerical Recipes' linear congruential generator). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

export const network = (layers: z.input<typeof networkSpec>['layers']): NetworkSpec =>
  networkSpec.parse({ layers });

/** Weights in ±1/√(columns): PyTorch's own start, under which states stay in the range where they matter. */
export function randomWeights(spec: NetworkSpec, input: NetworkInput, seed = 1): Weights {
  const random = randomNumbers(seed);
  const weights = new Map<string, Tensor>();
  for (const node of resolveGraph(spec, input).nodes)
    for (const [name, shape] of node.shapes) {
      const scale = node.type === 'embedding' ? 1 : 1 / Math.sqrt(shape.at(-1)!);
      const length = shape.reduce((product, size) => product * size, 1);
      weights.set(name, { shape, values: Float32Array.from({ length }, () => random() * scale) });
    }
  return weights;
}

export const features = (width: number): NetworkInput => ({ kind: 'features', width });
export const ids = (vocabulary: number): NetworkInput => ({ kind: 'ids', vocabulary });

/** A sequence: ids [steps], or features [steps · width]. */
export type Sequence = Int32Array | Float32Array;

export function randomSequence(input: NetworkInput, steps: number, seed: number): Sequence {
  const random = randomNumbers(seed);
  return input.kind === 'ids'
    ? Int32Array.from({ length: steps }, () => Math.floor(((random() + 1) / 2) * input.vocabulary))
    : Float32Array.from({ length: steps * input.width }, () => random());
}

const kernels = new Map<KernelMode, Kernel>();
function getKernel(mode: KernelMode): Kernel {
  if (!kernels.has(mode)) kernels.set(mode, createKernel({ mode, memoryMegabytes: 1024 }));
  return kernels.get(mode)!;
}

export function createTestRunner(
  spec: NetworkSpec,
  weights: Weights,
  options: { mode?: KernelMode; maxRows?: number; maxPacked?: number; precision?: Precision } = {},
): Runner & { release: () => void; insideLayers: InsideLayer[] } {
  const kernel = getKernel(options.mode ?? 'auto');
  const size = { maxRows: options.maxRows ?? 40, maxPacked: options.maxPacked ?? 8_000 };
  const compiled = compileNetwork(spec, weights, kernel, options.precision);
  const { states, scratch } = measureLayout(compiled, size);
  const { memory } = kernel;
  const arena = { offset: memory.allocate(states), bytes: states, scratch: memory.allocate(scratch) };
  const release = (): void => {
    memory.free(arena.offset);
    memory.free(arena.scratch);
    freeNetwork(compiled, kernel);
  };
  const names = resolveGraph(spec, compiled.input).nodes.map(({ name }) => name);
  const runner = createRunner(compiled, memory.memory, arena, size);
  const { plan } = runner;
  const values = new Float32Array(memory.memory.buffer, arena.scratch, scratch / 4);
  return Object.assign(runner, {
    release,
    insideLayers: listInsideLayers(compiled, names),
    // between two ticks, other networks write to the scratch
    plan(steps: ArrayLike<number>) {
      values.fill(NaN);
      return plan(steps);
    },
  });
}

/** Rows 0 … sequences.length − 1 advance by `steps` (non-increasing) from `from`; every step's output comes back. */
export function tick(
  runner: Runner,
  sequences: readonly Sequence[],
  from: readonly number[],
  steps: readonly number[],
  inside: ReadonlyMap<number, InsideRows> | null = null,
): Float32Array[][] {
  const offsets = runner.plan(steps);
  const width = runner.inputWidth;
  const packed = offsets[steps[0]!]!;
  const outputs: Float32Array[][] = sequences.map(() => []);
  for (let t = 0; t < steps[0]!; t++)
    sequences.forEach((sequence, row) => {
      if (t >= steps[row]!) return;
      const step = from[row]! + t;
      if (width === 0) runner.ids[offsets[t]! + row] = sequence[step]!;
      else
        runner.features.set(
          (sequence as Float32Array).subarray(step * width, (step + 1) * width),
          (offsets[t]! + row) * width,
        );
    });
  const values = runner.run(
    Array.from({ length: packed }, (_, i) => i),
    'output',
    { inside },
  );
  for (let t = 0; t < steps[0]!; t++)
    sequences.forEach((_, row) => {
      const at = (offsets[t]! + row) * runner.outputWidth;
      if (t < steps[row]!) outputs[row]!.push(values.slice(at, at + runner.outputWidth));
    });
  return outputs;
}

/** One sequence alone in one tick. */
export function runAlone(runner: Runner, sequence: Sequence): Float32Array[] {
  const steps = runner.inputWidth === 0 ? sequence.length : sequence.length / runner.inputWidth;
  const row = runner.join();
  if (row !== 0) throw new Error('the runner is not empty');
  const [outputs] = tick(runner, [sequence], [0], [steps]);
  runner.leave(0);
  return outputs!;
}

/** Whole sequences together in one tick, the longest first. */
export function runPacked(
  runner: Runner,
  sequences: readonly Sequence[],
  steps: readonly number[],
): Float32Array[][] {
  sequences.forEach(() => runner.join());
  const outputs = tick(
    runner,
    sequences,
    steps.map(() => 0),
    steps,
  );
  while (runner.rows > 0) runner.leave(runner.rows - 1);
  return outputs;
}

/** float32 as whole numbers: so that NaN and −0 are distinguished. */
export const bits = (rows: readonly Float32Array[]): number[] =>
  rows.flatMap((row) => [...new Uint32Array(row.slice().buffer)]);

export const asRows = (sequence: Sequence, width: number): number[] | Float64Array[] =>
  width === 0
    ? [...sequence]
    : Array.from({ length: sequence.length / width }, (_, t) =>
        Float64Array.from(sequence.subarray(t * width, (t + 1) * width)),
      );
