import { createKernel, type Kernel, type KernelMode } from '../src/kernel/kernel.ts';
import { compileNetwork } from '../src/network/program.ts';
import { createRunner, type Runner } from '../src/network/runner.ts';
import type { RunSequence, RunStep, SequenceShape, StepShape } from './contender.ts';
import type { RandomNetwork } from './random-network.ts';

// Our side, through the same runner that a worker thread drives.

const memoryMegabytes = 1024;
const kernels = new Map<KernelMode, Kernel>();

export function kernelInUse(mode: KernelMode): { path: string; reason: string } {
  const { path, reason } = kernelOf(mode);
  return { path, reason };
}

export function sequenceInOurs(network: RandomNetwork, shape: SequenceShape, mode: KernelMode): RunSequence {
  const runner = runnerOf(network, shape.batch, mode);
  const zero = new Float32Array(runner.stateLength);
  const stepsATick = Math.min(shape.steps, Math.floor(runner.maxPacked / shape.batch));
  const y = new Float32Array(shape.steps * shape.batch * shape.units);
  const stepFloats = shape.batch * shape.units;
  const every = Int32Array.from({ length: stepsATick * shape.batch }, (_, index) => index);

  return (x) => {
    for (let row = 0; row < shape.batch; row++) runner.loadState(row, zero);
    for (let first = 0; first < shape.steps; first += stepsATick) {
      const steps = Math.min(stepsATick, shape.steps - first);
      runner.plan(new Int32Array(shape.batch).fill(steps));
      runner.features.set(x.subarray(first * stepFloats, (first + steps) * stepFloats));
      const packed = steps * shape.batch;
      y.set(runner.run(every.subarray(0, packed), 'output'), first * stepFloats);
    }
    return y;
  };
}

export function stepInOurs(network: RandomNetwork, shape: StepShape, mode: KernelMode): RunStep {
  const runner = runnerOf(network, shape.batch, mode);
  const oneStep = new Int32Array(shape.batch).fill(1);
  const every = Int32Array.from({ length: shape.batch }, (_, row) => row);
  return (ids) => {
    runner.plan(oneStep);
    runner.ids.set(ids);
    return runner.run(every, 'logits');
  };
}

function kernelOf(mode: KernelMode): Kernel {
  let kernel = kernels.get(mode);
  if (!kernel) kernels.set(mode, (kernel = createKernel({ mode, memoryMegabytes })));
  return kernel;
}

function runnerOf(network: RandomNetwork, rows: number, mode: KernelMode): Runner {
  const kernel = kernelOf(mode);
  const program = compileNetwork(network.spec, network.weights, kernel);
  const runner = createRunner(program, kernel.memory, { maxRows: rows });
  for (let row = 0; row < rows; row++) runner.join();
  return runner;
}
