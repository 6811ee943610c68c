import { parseArgs } from 'node:util';
import { type Case, cases, type GenerationCase, type SequenceCase } from './cases.ts';
import type { Precision } from '../src/kernel/precision.ts';
import type { RunStep } from './contender.ts';
import { generationOnnx, sequenceOnnx } from './onnx/networks.ts';
import { sequenceInOnnxruntime, stepInOnnxruntime } from './onnxruntime.ts';
import { kernelInUse, sequenceInOurs, stepInOurs } from './ours.ts';
import { generationNetwork, sequenceNetwork, uniform } from './random-network.ts';
import { createSampler } from './sampler.ts';
import { type Comparison, compareAlternating } from './timing.ts';

// The measuring process: for each case it checks that both sides give the same numbers, then times them
// alternately.

export interface Measured {
  readonly name: string;
  readonly target: number | null;
  /** Largest absolute difference between the two sides' numbers. */
  readonly error: number;
  /** Steps that one timed call makes. */
  readonly steps: number;
  readonly comparison: Comparison;
  readonly kernel: { path: string; reason: string };
}

/** Between the two sides' numbers, by the lower precision of theirs. */
const acceptedErrors: Readonly<Record<Precision, number>> = { float32: 1e-4, int16: 1e-3, int8: 0.05 };
const tokensARound = 40;
const checkedTokens = 30;

const { values: options } = parseArgs({
  options: {
    plain: { type: 'boolean' },
    only: { type: 'string' },
    rounds: { type: 'string', default: '21' },
  },
});
const mode = options.plain ? 'plain' : 'auto';
const rounds = Number(options.rounds);

for (const one of cases.filter(({ name }) => !options.only || options.only.split(',').includes(name))) {
  const { error, steps, comparison } =
    one.kind === 'sequence' ? await measureSequence(one) : await measureGeneration(one);
  const measured: Measured = {
    name: one.name,
    target: one.target,
    error: checkedError(one, error),
    steps,
    comparison,
    kernel: kernelInUse(mode),
  };
  process.send?.(measured);
}
process.disconnect?.();

async function measureSequence(one: SequenceCase) {
  const { units, batch, steps, precision } = one;
  const network = sequenceNetwork(one);
  const random = uniform(2);
  const x = Float32Array.from({ length: steps * batch * units }, random);
  const shape = { steps, batch, units };
  const ours = sequenceInOurs(network, shape, { mode, precision });
  const peer = await sequenceInOnnxruntime(sequenceOnnx(one, network), shape);
  const error = largestDifference(await ours(x), await peer(x));
  const comparison = await compareAlternating(
    () => ours(x),
    () => peer(x),
    rounds,
  );
  return { error, steps, comparison };
}

async function measureGeneration(one: GenerationCase) {
  const { units, vocabulary, batch, precision } = one;
  const network = generationNetwork(units, vocabulary);
  const shape = { batch, units, vocabulary };
  const ours = stepInOurs(network, shape, { mode, precision });
  const peer = await stepInOnnxruntime(generationOnnx(one, network), shape);

  const random = uniform(3);
  let error = 0;
  for (let token = 0; token < checkedTokens; token++) {
    const ids = Int32Array.from({ length: batch }, () => Math.floor(((random() + 1) / 2) * vocabulary));
    error = Math.max(error, largestDifference(await ours(ids), await peer(ids)));
  }

  const sample = createSampler(vocabulary, random);
  const generate = (step: RunStep) => {
    const ids = new Int32Array(batch).fill(1);
    return async () => {
      for (let token = 0; token < tokensARound; token++) sample(await step(ids), ids);
    };
  };
  const comparison = await compareAlternating(generate(ours), generate(peer), rounds);
  return { error, steps: tokensARound, comparison };
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error(`${a.length} numbers against ${b.length}`);
  let largest = 0;
  for (let index = 0; index < a.length; index++) {
    const difference = Math.abs(a[index]! - b[index]!);
    if (Number.isNaN(difference)) return NaN;
    largest = Math.max(largest, difference);
  }
  return largest;
}

/** A comparison of speed means nothing when the two do not compute the same. */
function checkedError({ name, precision }: Case, error: number): number {
  if (!(error <= acceptedErrors[precision])) throw new Error(`${name}: the two sides differ by ${error}`);
  return error;
}
