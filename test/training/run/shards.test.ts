import { describe, expect, it } from 'vitest';
import { createKernel } from '../../../src/cells/create-kernel.ts';
import { resolveNetwork } from '../../../src/network/encoder-decoder.ts';
import { networkSpec } from '../../../src/network/spec.ts';
import { createRng } from '../../../src/random.ts';
import type { Batch } from '../../../src/training/batch.ts';
import { splitIntoShards } from '../../../src/training/data/shard.ts';
import { initialWeights } from '../../../src/training/initialise.ts';
import { lossSpec } from '../../../src/training/optimise/loss.ts';
import { optimiserSpec } from '../../../src/training/optimise/optimiser.ts';
import { createPlan } from '../../../src/training/plan.ts';
import { createShards, type Shards } from '../../../src/training/run/shards.ts';
import type { z } from 'zod';

// A table larger than a range of the update, most of whose rows a batch does not read.
const vocabulary = 700;
const lengths = [9, 7, 7, 4, 2, 1];
const network = networkSpec.parse({
  layers: [
    { type: 'embedding', name: 'table', vocabulary, units: 20 },
    { type: 'recurrent', cell: 'lstm', units: 18 },
    { type: 'dense', units: 3, activation: 'softmax' },
  ],
});
const kernel = createKernel({ mode: 'auto', memoryMegabytes: 64 });
const input = { kind: 'ids', vocabulary } as const;

/** A batch that reads ids from `first` on. */
function batchOf(first: number, rows = lengths.length): Batch {
  const plan = createPlan(lengths.slice(0, rows));
  const packed = plan.offsets[plan.steps]!;
  return {
    plan,
    ids: Int32Array.from({ length: packed }, (_, i) => first + ((i * 7) % 20)),
    targets: {
      classes: Int32Array.from({ length: packed }, (_, i) => i % 3),
      weights: new Float32Array(packed).fill(1 / packed),
    },
  };
}

const create = (
  shards: number,
  threads: number,
  optimiser: z.input<typeof optimiserSpec> = { type: 'adam' },
): Promise<Shards> =>
  createShards(
    kernel,
    network,
    { input, capacity: { rows: 6, packed: 30 }, loss: lossSpec.parse({ type: 'softmax_cross_entropy' }) },
    {
      shards,
      threads,
      weights: initialWeights(resolveNetwork(network, input, null), createRng(3)),
      memoryMegabytes: 64,
      optimiser: optimiserSpec.parse(optimiser),
    },
  );
const task = { step: 0, seed: 1, samplingProbability: 0 };

/** Trains on other rows of the table in every step; the third batch has fewer rows than shards. */
async function train(shards: Shards, count: number): Promise<{ norms: number[]; weights: Float32Array[] }> {
  const norms: number[] = [];
  for (const [step, batch] of [
    batchOf(0),
    batchOf(650),
    batchOf(10, 1),
    batchOf(400),
    batchOf(5),
  ].entries()) {
    shards.reset();
    const { norm } = await shards.differentiate(splitIntoShards(batch, count), { ...task, step });
    norms.push(norm);
    await shards.update(0.01, 0.5, 0.02);
  }
  const weights = [...shards.learner.save().values()].map(({ values }) => values);
  await shards.close();
  return { norms, weights };
}

describe('shards', () => {
  // four shards on three threads: one has two of them
  it.each([
    [{ type: 'adam' }, 3],
    [{ type: 'sgd' }, 2],
  ] as const)('give the same bits on any number of threads: %o on %i', async (optimiser, threads) => {
    const one = await train(await create(4, 1, optimiser), 4);
    expect(await train(await create(4, threads, optimiser), 4)).toEqual(one);
  });

  it('update all of a table as if its whole gradient were computed', async () => {
    const shards = await create(2, 1, { type: 'sgd' });
    const before = shards.learner.save().get('table.weight')!.values;
    await shards.differentiate(splitIntoShards(batchOf(650), 2), task);
    await shards.update(1);
    const after = shards.learner.save().get('table.weight')!.values;
    await shards.differentiate(splitIntoShards(batchOf(30), 2), task);
    const table = shards.learner.parameters.find(({ name }) => name === 'table.weight')!;
    const rowsWith = (values: Float32Array, width: number): Set<number> =>
      new Set([...values].flatMap((value, i) => (value === 0 ? [] : [Math.floor(i / width)])));
    expect(
      rowsWith(
        after.map((value, i) => value - before[i]!),
        20,
      ),
    ).toEqual(new Set(Array.from({ length: 20 }, (_, i) => 650 + i)));
    // nothing is left of the first batch's gradient
    expect(rowsWith(table.gradient, 32)).toEqual(new Set(Array.from({ length: 20 }, (_, i) => 30 + i)));
    await shards.close();
  });

  it('have the norm of the whole gradient', async () => {
    const shards = await create(3, 1);
    const { norm } = await shards.differentiate(splitIntoShards(batchOf(100), 3), task);
    const squares = shards.learner.parameters.flatMap(({ gradient }) => [...gradient].map((g) => g * g));
    expect(norm).toBeGreaterThan(0);
    expect(norm / Math.sqrt(squares.reduce((sum, square) => sum + square, 0))).toBeCloseTo(1, 12);
    await shards.close();
  });

  it('reject with the error that ended a thread, and can be closed then', async () => {
    const shards = await create(2, 2);
    const [own, other] = splitIntoShards(batchOf(0), 2);
    const wrong = { ...other!, ids: other!.ids!.map(() => vocabulary) };
    await expect(shards.differentiate([own!, wrong], task)).rejects.toThrow(/not in the vocabulary/);
    await shards.close();
  });

  it('can be closed while threads wait for an update', async () => {
    const shards = await create(2, 2);
    const { loss } = await shards.differentiate(splitIntoShards(batchOf(0), 2), task);
    expect(loss).toBeGreaterThan(0);
    await shards.close();
  });
});
