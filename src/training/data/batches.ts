import { createRng } from '../../random.ts';
import type { Capacity } from '../../network/learning/layer.ts';
import { packSequences } from './pack-batch.ts';
import type { Examples } from './prepared.ts';
import { createStreamWindows } from './stream-windows.ts';
import type { Batches, BatchOptions } from './epoch-batches.ts';

/** First random stream of the seed for shuffling: stream `epochStream + n` shuffles epoch n. */
const epochStream = 1000;
/** Batches whose examples are sorted by length together. */
const poolBatches = 16;

export function createBatches(examples: Examples, options: BatchOptions): Batches {
  if (examples.kind === 'stream') return createStreamWindows(examples.list[0]!.input as Int32Array, options);
  const { batchSize, seed, shards, shuffle } = options;
  const { list } = examples;
  const rows = Math.ceil(Math.min(batchSize, list.length) / shards);
  const capacityFor = (steps: readonly number[]): Capacity => {
    const longest = steps.toSorted((a, b) => b - a).slice(0, rows);
    return { rows, packed: longest.reduce((sum, indices) => sum + indices, 0), steps: longest[0] ?? 0 };
  };
  const sourceSteps = list.map(({ source }) => (source ? source.length / examples.sourceColumns : 0));

  return {
    batchesPerEpoch: Math.ceil(list.length / batchSize),
    capacity: capacityFor(list.map(({ steps }) => steps)),
    sourceCapacity: examples.sourceColumns > 0 ? capacityFor(sourceSteps) : null,
    carriesState: false,
    epoch(number) {
      const random = createRng(seed, epochStream + number);
      const order = list.map((_, i) => i);
      if (shuffle) shuffleInPlace(order, () => random.next());
      const pool = shuffle ? poolBatches * batchSize : order.length;
      const batches: number[][] = [];
      for (let from = 0; from < order.length; from += pool) {
        const sorted = order
          .slice(from, from + pool)
          .sort((a, b) => list[b]!.steps - list[a]!.steps || a - b);
        for (let at = 0; at < sorted.length; at += batchSize) batches.push(sorted.slice(at, at + batchSize));
      }
      if (shuffle) shuffleInPlace(batches, () => random.next());
      return batches;
    },
    batch: (indices) => packSequences(examples, indices),
  };
}

/** The Fisher–Yates shuffle. */
function shuffleInPlace(list: unknown[], next: () => number): void {
  for (let i = list.length - 1; i > 0; i--) {
    const other = Math.floor(next() * (i + 1));
    [list[i], list[other]] = [list[other], list[i]];
  }
}
