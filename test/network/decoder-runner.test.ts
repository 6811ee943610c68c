import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/random.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { createDecoderRunner, decoderBytes, type DecoderRunner } from '../../src/network/decoder-runner.ts';
import { compileNetwork, freeNetwork } from '../../src/network/compile-network.ts';
import { networkSpec } from '../../src/network/spec.ts';
import { referenceGradient } from '../reference/reference-gradient.ts';
import {
  createExample,
  inFloat64,
  learningCases,
  createWeights,
  type LearningCase,
} from '../training/networks.ts';
import { ids, randomWeights, runAlone, createTestRunner } from './random-network.ts';

// Encoder-decoders as they are served, step by step, against the float64 oracle fed the same ids.

const kernels = {
  auto: createKernel({ mode: 'auto', memoryMegabytes: 256 }),
  plain: createKernel({ mode: 'plain', memoryMegabytes: 256 }),
};
const cases = learningCases.filter(({ source }) => source !== undefined);
const size = { maxRows: 40, maxSource: 240, maxStoredSteps: 400 };
const steps = 6;

interface Loaded {
  readonly runner: DecoderRunner;
  readonly free: () => void;
}
function load(one: LearningCase, kernel: Kernel = kernels.auto): Loaded {
  const compiled = compileNetwork(one.spec, createWeights(one), kernel);
  const bytes = decoderBytes(compiled, size);
  const offset = kernel.memory.allocate(bytes);
  return {
    runner: createDecoderRunner(compiled, kernel.memory.memory, { offset, bytes }, size),
    free: () => {
      kernel.memory.free(offset);
      freeNetwork(compiled, kernel);
    },
  };
}
const createSequence = (one: LearningCase, seed: number) => {
  const { sequence, source } = createExample(one, steps, seed);
  return { ids: sequence as number[], source: Int32Array.from(source as number[]) };
};

/** Feeds every source its own ids. @returns logits by source and step */
function run(runner: DecoderRunner, all: readonly { ids: number[]; source: Int32Array }[]): Float32Array[][] {
  const sources = runner.read(all.map(({ source }) => source));
  for (const source of sources) runner.join(source);
  const width = runner.outputWidth;
  const logits = all.map((): Float32Array[] => []);
  for (let t = 0; t < steps; t++) {
    const given = runner.step(all.map(({ ids }) => ids[t]!));
    logits.forEach((rows, i) => rows.push(given.slice(i * width, (i + 1) * width)));
  }
  runner.arrange([]);
  for (const source of sources) runner.release(source);
  return logits;
}

describe('a decoder that no bridge leads to', () => {
  it('starts in its layers’ initial state', () => {
    const layers = [
      { type: 'embedding', vocabulary: 6, units: 3 },
      { type: 'recurrent', cell: 'lstm', units: 5, initial_state: true },
      { type: 'dense', units: 4 },
    ];
    const spec = networkSpec.parse({
      encoder: { layers: layers.slice(0, 1) },
      bridge: 'none',
      layers,
    });
    const alone = networkSpec.parse({ layers });
    const own = randomWeights(alone, ids(6));
    const weights = new Map([...own, ['encoder.embedding_0.weight', own.get('embedding_0.weight')!]]);
    const compiled = compileNetwork(spec, weights, kernels.auto);
    const bytes = decoderBytes(compiled, size);
    const offset = kernels.auto.memory.allocate(bytes);
    const runner = createDecoderRunner(compiled, kernels.auto.memory.memory, { offset, bytes }, size);
    const [source] = runner.read([Int32Array.of(1, 2)]);
    runner.join(source!);
    const given = [3, 1, 4].map((id) => [...runner.step([id])]);
    kernels.auto.memory.free(offset);
    freeNetwork(compiled, kernels.auto);
    const expected = runAlone(createTestRunner(alone, own), Int32Array.of(3, 1, 4));
    expect(given).toEqual(expected.map((row) => [...row]));
  });
});

describe.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
  it.each([1, 2, 5, 33])('agrees with the reference, %d sources at a time', (count) => {
    const { runner, free } = load(one);
    const all = Array.from({ length: count }, (__, i) => createSequence(one, 50 + i));
    const given = run(runner, all);
    all.forEach(({ ids, source }, i) => {
      const { logits } = referenceGradient(
        one.spec,
        { input: one.input, source: one.source! },
        inFloat64(createWeights(one)),
        { sequence: ids, source: [...source], targets: ids.map(() => ({ weight: 1, class: 0 })) },
        one.loss,
      );
      logits.forEach((row, t) => {
        const largest = Math.max(1, ...row.map(Math.abs));
        row.forEach((value, k) => expect(Math.abs(given[i]![t]![k]! - value) / largest).toBeLessThan(1e-5));
      });
    });
    free();
  });

  it('gives each the bits it has alone, on both paths', () => {
    const all = Array.from({ length: 7 }, (__, i) => createSequence(one, 80 + i));
    const { runner, free } = load(one);
    const together = run(runner, all);
    const alone = all.map((each) => run(runner, [each])[0]!);
    free();
    const plain = load(one, kernels.plain);
    const other = run(plain.runner, all);
    plain.free();
    expect(alone).toEqual(together);
    expect(other).toEqual(together);
  });

  it('forks, reorders and drops rows without changing what the others give', () => {
    const { runner, free } = load(one);
    const random = createRng(6);
    const [a, b] = [createSequence(one, 1), createSequence(one, 2)];
    const wanted = [a, b].map((each) => run(runner, [each])[0]!);
    const sources = runner.read([a.source, b.source]);
    for (const source of sources) runner.join(source);
    // which sequence each row follows; both stay alive
    let follows = [0, 1];
    for (let t = 0; t < steps; t++) {
      const given = runner.step(follows.map((which) => [a, b][which]!.ids[t]!));
      follows.forEach((which, row) =>
        expect(given.slice(row * runner.outputWidth, (row + 1) * runner.outputWidth)).toEqual(
          wanted[which]![t],
        ),
      );
      const from = Array.from({ length: 1 + Math.floor(8 * random.next()) }, () =>
        Math.floor(random.next() * follows.length),
      );
      from.push(follows.indexOf(0), follows.indexOf(1));
      runner.arrange(from);
      follows = from.map((row) => follows[row]!);
    }
    runner.arrange([]);
    expect(runner.rows).toBe(0);
    free();
  });

  it('attends to its source with weights that sum to one, and frees its memory', () => {
    const { runner, free } = load(one);
    const { source, ids } = createSequence(one, 9);
    const sources = Array.from(
      { length: Math.floor(size.maxStoredSteps / source.length) },
      () => runner.read([source])[0]!,
    );
    expect(runner.hasRoom(source.length)).toBe(size.maxStoredSteps % source.length >= source.length);
    runner.join(sources[0]!);
    runner.step([ids[0]!]);
    const attention = runner.attention(0)!;
    expect(attention).toHaveLength(source.length);
    expect(attention.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
    runner.arrange([]);
    for (const one of sources.toReversed()) runner.release(one);
    expect(runner.hasRoom(size.maxStoredSteps)).toBe(true);
    free();
  });
});
