import { createRng } from '../../random.ts';
import type { Batch } from '../batch.ts';
import { createPlan } from '../plan.ts';
import type { BatchOptions, Batches } from './epoch-batches.ts';

const defaultTruncation = { k1: 64, k2: 64 } as const;
/** First random stream of the seed for shifts: stream `shiftStream + n` shifts epoch n. */
const shiftStream = 500_000;

/**
 * Batches of a long sequence for a language model, as windows (truncated backpropagation, Williams and Peng
 * 1990): the sequence is cut into `batchSize` rows of equal length. Window w has targets (the next ids) for
 * k1 steps and reads the k2 steps that end there, starting from the state that the previous window carried to
 * its first step. Each epoch shifts the windows.
 */
export function createStreamWindows(ids: Int32Array, options: BatchOptions): Batches {
  const { seed, shards, truncate = defaultTruncation, shuffle } = options;
  const maxShift = shuffle ? Math.min(truncate.k1, Math.floor(ids.length / 10)) : 0;
  const usable = ids.length - 1 - maxShift;
  const rows = Math.max(1, Math.min(options.batchSize, usable));
  const rowLength = Math.floor(usable / rows);
  const k1 = Math.min(truncate.k1, rowLength);
  const k2 = Math.max(k1, truncate.k2);
  const windows = Math.max(1, Math.floor(rowLength / k1));
  /** The first step that a window reads. */
  const getFirstStep = (window: number): number => Math.max(0, (window + 1) * k1 - k2);

  return {
    batchesPerEpoch: windows,
    capacity: { rows: Math.ceil(rows / shards), packed: Math.ceil(rows / shards) * Math.min(k2, rowLength) },
    sourceCapacity: null,
    carriesState: true,
    epoch(number) {
      const shift = Math.floor(createRng(seed, shiftStream + number).next() * maxShift);
      return Array.from({ length: windows }, (_, window) => [window, shift]);
    },
    batch([window = 0, shift = 0]): Batch {
      const first = getFirstStep(window);
      const end = (window + 1) * k1;
      const steps = end - first;
      const length = steps * rows;
      const at = (index: number): number =>
        shift + (index % rows) * rowLength + first + Math.floor(index / rows);
      const hasTarget = (index: number): boolean => first + Math.floor(index / rows) >= end - k1;
      return {
        plan: createPlan(Array<number>(rows).fill(steps)),
        ids: Int32Array.from({ length }, (_, i) => ids[at(i)]!),
        carryAfter: getFirstStep(window + 1) - first,
        targets: {
          classes: Int32Array.from({ length }, (_, i) => ids[at(i) + 1]!),
          weights: Float32Array.from({ length }, (_, i) => (hasTarget(i) ? 1 / (k1 * rows) : 0)),
        },
      };
    },
  };
}
