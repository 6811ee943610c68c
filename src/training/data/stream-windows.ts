import { createRng } from '../../random.ts';
import type { Batch } from '../batch.ts';
import { createPlan } from '../plan.ts';
import type { BatchOptions, Batches } from './epoch-batches.ts';

const defaultTruncation = { k1: 64, k2: 64 } as const;
/** Random streams of a seed from here on shift an epoch's windows. */
const shiftStream = 500_000;

/**
 * A long sequence for a language model, in windows (truncated backpropagation, Williams and Peng 1990): `batchSize` parts of it
 * are read side by side. Window w judges k1 steps by their next ids, and reads k2 steps that end there, from the state that
 * the window before left at its first. An epoch is shifted, so that windows are cut elsewhere.
 */
export function createStreamWindows(ids: Int32Array, options: BatchOptions): Batches {
  const { seed, shards, truncate = defaultTruncation, shuffle } = options;
  const shiftMost = shuffle ? Math.min(truncate.k1, Math.floor(ids.length / 10)) : 0;
  const usable = ids.length - 1 - shiftMost;
  const rows = Math.max(1, Math.min(options.batchSize, usable));
  const part = Math.floor(usable / rows);
  const k1 = Math.min(truncate.k1, part);
  const k2 = Math.max(k1, truncate.k2);
  const windows = Math.max(1, Math.floor(part / k1));
  /** The step a window starts to read at. */
  const startOf = (window: number): number => Math.max(0, (window + 1) * k1 - k2);

  return {
    batchesPerEpoch: windows,
    capacity: { rows: Math.ceil(rows / shards), packed: Math.ceil(rows / shards) * Math.min(k2, part) },
    sourceCapacity: null,
    carriesState: true,
    epoch(number) {
      const shift = Math.floor(createRng(seed, shiftStream + number).next() * shiftMost);
      return Array.from({ length: windows }, (_, window) => [window, shift]);
    },
    batch([window = 0, shift = 0]): Batch {
      const first = startOf(window);
      const end = (window + 1) * k1;
      const steps = end - first;
      const length = steps * rows;
      const at = (index: number): number => shift + (index % rows) * part + first + Math.floor(index / rows);
      const judged = (index: number): boolean => first + Math.floor(index / rows) >= end - k1;
      return {
        plan: createPlan(Array<number>(rows).fill(steps)),
        ids: Int32Array.from({ length }, (_, i) => ids[at(i)]!),
        carryAfter: startOf(window + 1) - first,
        targets: {
          classes: Int32Array.from({ length }, (_, i) => ids[at(i) + 1]!),
          weights: Float32Array.from({ length }, (_, i) => (judged(i) ? 1 / (k1 * rows) : 0)),
        },
      };
    },
  };
}
