import { describe, expect, it } from 'vitest';
import { createBatches } from '../../../src/training/data/batches.ts';
import type { Example, Examples } from '../../../src/training/data/prepared.ts';
import { splitIntoShards } from '../../../src/training/data/shard.ts';

const sequence = (steps: number, label: number): Example => ({
  steps,
  input: Int32Array.from({ length: steps }, (_, t) => 100 * label + t),
  source: null,
  classes: Int32Array.of(label),
  values: null,
  line: 1,
});
const makeExamples = (list: readonly Example[], more: Partial<Examples> = {}): Examples => ({
  kind: 'sequences',
  list,
  inputColumns: 1,
  sourceColumns: 0,
  outputs: 4,
  classWeights: null,
  everyStep: false,
  ...more,
});
const options = { batchSize: 3, seed: 5, shards: 1, shuffle: true };
const sum = (values: Iterable<number>): number => [...values].reduce((all, one) => all + one, 0);

describe('epochs', () => {
  const many = makeExamples(Array.from({ length: 100 }, (_, i) => sequence(1 + (i % 7), i % 4)));

  it('have every example once', () => {
    const epoch = createBatches(many, options).epoch(2);
    expect(epoch.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(epoch).toHaveLength(34);
  });

  it('are determined by the seed and the epoch', () => {
    const one = createBatches(many, options);
    one.epoch(0);
    expect(one.epoch(3)).toEqual(createBatches(many, options).epoch(3));
    expect(one.epoch(3)).not.toEqual(one.epoch(4));
    expect(createBatches(many, { ...options, seed: 6 }).epoch(3)).not.toEqual(one.epoch(3));
  });

  it('fit the reported capacity', () => {
    const { capacity, epoch, batch } = createBatches(many, options);
    const packed = epoch(0).map((one) => batch(one).ids!.length);
    expect(Math.max(...packed)).toBeLessThanOrEqual(capacity.packed);
  });
});

describe('a batch', () => {
  const three = makeExamples([sequence(1, 1), sequence(3, 2), sequence(2, 3)]);

  it('is packed longest first, with equal weights at the last steps', () => {
    const { ids, targets } = createBatches(three, options).batch([0, 1, 2]);
    expect([...ids!]).toEqual([200, 300, 100, 201, 301, 202]);
    expect([...targets.weights]).toEqual([0, 0, 1, 0, 1, 1].map((one) => Math.fround(one / 3)));
    expect([targets.classes![2], targets.classes![4], targets.classes![5]]).toEqual([1, 3, 2]);
  });

  it('gives each sequence the same total weight with everyStep', () => {
    const { targets } = createBatches({ ...three, everyStep: true }, options).batch([0, 1, 2]);
    const shares = [1 / 9, 1 / 6, 1 / 3, 1 / 9, 1 / 6, 1 / 9];
    targets.weights.forEach((weight, at) => expect(weight).toBeCloseTo(shares[at]!, 6));
    expect([...targets.classes!]).toEqual([2, 3, 1, 2, 3, 2]);
  });

  it('applies class weights', () => {
    const classWeights = Float32Array.of(1, 3, 0.5, 0);
    const { targets } = createBatches({ ...three, classWeights }, options).batch([0, 1, 2]);
    expect([...targets.weights]).toEqual([0, 0, 1, 0, 0, Math.fround(0.5 / 3)]);
  });

  it('sorts sources by their own length', () => {
    const withSource = (steps: number, source: number[]): Example => ({
      ...sequence(steps, 1),
      classes: new Int32Array(steps),
      source: Int32Array.from(source),
    });
    const examples = makeExamples([withSource(2, [7]), withSource(1, [8, 9])], { sourceColumns: 1 });
    const batch = createBatches(examples, options).batch([0, 1]);
    expect([...batch.source!.ids!]).toEqual([8, 7, 9]);
    expect([...batch.source!.sourceRows]).toEqual([1, 0]);
    expect(splitIntoShards(batch, 2).map(({ source }) => [...source!.ids!, ...source!.sourceRows])).toEqual([
      [7, 0],
      [8, 9, 0],
    ]);
  });

  it('splits into shards of nearly as many steps that share its weights', () => {
    const batch = createBatches(three, options).batch([0, 1, 2]);
    const shards = splitIntoShards(batch, 2);
    expect(shards.map(({ ids }) => [...ids!])).toEqual([
      [200, 201, 202],
      [300, 100, 301],
    ]);
    expect(sum(shards.flatMap(({ targets }) => [...targets.weights]))).toBeCloseTo(1, 6);
    expect(splitIntoShards(batch, 8)).toHaveLength(3);
  });

  it('splits rows of one length in turn, at most as many as the capacity has', () => {
    const steps = [9, 1, 1, 1, 1, 1, 1];
    const uneven = makeExamples(steps.map((length, label) => sequence(length, label)));
    const { batch, capacity } = createBatches(uneven, { ...options, batchSize: 7, shards: 2 });
    const shards = splitIntoShards(batch([0, 1, 2, 3, 4, 5, 6]), 2);
    expect(capacity.rows).toBe(4);
    expect(shards.map(({ plan }) => plan.offsets[1])).toEqual([3, 4]);
    const even = createBatches(makeExamples([1, 2, 3, 4, 5].map((label) => sequence(1, label))), {
      ...options,
      batchSize: 5,
    }).batch([0, 1, 2, 3, 4]);
    expect(splitIntoShards(even, 2).map(({ ids }) => [...ids!])).toEqual([
      [100, 300, 500],
      [200, 400],
    ]);
  });
});

describe('a stream', () => {
  const ids = Int32Array.from({ length: 101 }, (_, i) => i);
  const stream = makeExamples([{ ...sequence(101, 0), input: ids, classes: null }], { kind: 'stream' });
  const windows = (k1: number, k2: number) =>
    createBatches(stream, { ...options, batchSize: 2, shuffle: false, truncate: { k1, k2 } });

  it('has every step as a target once, with weights that sum to 1 a batch', () => {
    for (const [k1, k2] of [
      [5, 5],
      [5, 8],
      [5, 15],
    ] as const) {
      const { epoch, batch } = windows(k1, k2);
      const targetSteps: number[] = [];
      for (const one of epoch(0)) {
        const { ids: read, targets } = batch(one);
        expect(sum(targets.weights)).toBeCloseTo(1, 5);
        targets.weights.forEach((weight, at) => {
          expect(targets.classes![at]).toBe(read![at]! + 1);
          if (weight > 0) targetSteps.push(read![at]!);
        });
      }
      expect(targetSteps.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    }
  });

  it('carries the state of each row to the start of the next window', () => {
    for (const [k1, k2] of [
      [5, 5],
      [5, 8],
      [5, 15],
    ] as const) {
      const { epoch, batch } = windows(k1, k2);
      const all = epoch(0).map((one) => batch(one));
      for (const [i, one] of all.slice(0, -1).entries())
        expect(all[i + 1]!.ids![0]).toBe(one.ids![0]! + one.carryAfter!);
    }
  });
});
