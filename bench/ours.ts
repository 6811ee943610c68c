import type { KernelMode } from '../src/kernel/compile.ts';
import { createKernel } from '../src/cells/create-kernel.ts';
import type { Kernel } from '../src/kernel/kernel.ts';
import { arenaBytes } from '../src/network/layout.ts';
import { compileNetwork } from '../src/network/compile-network.ts';
import { createRunner, type Runner } from '../src/network/runner.ts';
import type { RunSequence, RunStep, SequenceShape, StepShape } from './contender.ts';
import type { Precision } from '../src/kernel/precision.ts';
import type { RandomNetwork } from './random-network.ts';

// Our side, through the same runner that a worker thread drives.

const memoryMegabytes = 1024;
const kernels = new Map<KernelMode, Kernel>();

export function kernelInUse(mode: KernelMode): { path: string; reason: string } {
  const { path, reason } = getKernel(mode);
  return { path, reason };
}

interface Kind {
  readonly mode: KernelMode;
  readonly precision: Precision;
}

export function sequenceInOurs(network: RandomNetwork, shape: SequenceShape, kind: Kind): RunSequence {
  const runner = createTestRunner(network, shape.batch, shape.steps * shape.batch, kind);
  const zero = new Float32Array(runner.stateLength);
  const steps = new Int32Array(shape.batch).fill(shape.steps);
  const every = Int32Array.from({ length: shape.steps * shape.batch }, (_, index) => index);
  return (x) => {
    for (let row = 0; row < shape.batch; row++) runner.loadState(row, zero);
    runner.plan(steps);
    runner.features.set(x);
    return runner.run(every, 'output');
  };
}

export function stepInOurs(network: RandomNetwork, shape: StepShape, kind: Kind): RunStep {
  const runner = createTestRunner(network, shape.batch, shape.batch, kind);
  const oneStep = new Int32Array(shape.batch).fill(1);
  const every = Int32Array.from({ length: shape.batch }, (_, row) => row);
  return (ids) => {
    runner.plan(oneStep);
    runner.ids.set(ids);
    return runner.run(every, 'logits');
  };
}

function getKernel(mode: KernelMode): Kernel {
  let kernel = kernels.get(mode);
  if (!kernel) kernels.set(mode, (kernel = createKernel({ mode, memoryMegabytes })));
  return kernel;
}

function createTestRunner(
  network: RandomNetwork,
  maxRows: number,
  maxPacked: number,
  { mode, precision }: Kind,
): Runner {
  const kernel = getKernel(mode);
  const compiled = compileNetwork(network.spec, network.weights, kernel, precision);
  const size = { maxRows, maxPacked };
  const bytes = arenaBytes(compiled, size);
  const arena = { offset: kernel.memory.allocate(bytes), bytes };
  const runner = createRunner(compiled, kernel.memory.memory, arena, size);
  for (let row = 0; row < maxRows; row++) runner.join();
  return runner;
}
