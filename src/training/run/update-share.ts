import type { Parameter } from '../../network/learning/layer.ts';
import { addGradient } from '../../network/learning/touched-rows.ts';
import { sumOfSquares } from '../optimise/clipping.ts';
import type { OptimiserSpec, Update } from '../optimise/optimiser.ts';
import { applyUpdate } from '../optimise/optimisers/apply-update.ts';
import { createRule } from '../optimise/optimisers/create-optimiser.ts';

// A thread's share of what follows the gradients of the shards: their sum, and the update of the parameters. They are
// cut into ranges that depend on the network alone, and each value is computed from its own gradients in the shards'
// order. So no bit depends on how many threads share the ranges.

/** Memory that all threads share. Plain data, to be posted. */
export interface SharedUpdate {
  /** The parameters of each shard. */
  readonly shards: readonly (readonly Parameter[])[];
  readonly optimiser: OptimiserSpec;
  /** The optimiser's, by parameter. */
  readonly slots: readonly (readonly Float32Array[])[];
  /** Σ gradient² of each range. */
  readonly squares: Float64Array;
  /** The next update: updates, rate, scale, limit. */
  readonly next: Float64Array;
}

export interface UpdateShare {
  /** Adds the gradients of the first `shards` shards, in order, into the first's, and notes their squares. */
  sum(shards: number): void;
  /** Updates the values of all shards from that sum, by what is in `next`. */
  update(): void;
}

/** Values of a range: 16 KiB, so that an array's part stays in the first-level cache. */
const rangeValues = 4096;

export function createSharedUpdate(
  shards: SharedUpdate['shards'],
  optimiser: OptimiserSpec,
  slots: SharedUpdate['slots'],
): SharedUpdate {
  const doubles = (length: number): Float64Array => new Float64Array(new SharedArrayBuffer(length * 8));
  return { shards, optimiser, slots, squares: doubles(cutRanges(shards[0]!).length), next: doubles(4) };
}

/** Share `share` of `of`: every `of`-th range, since those of a table may be quicker than others. */
export function createUpdateShare(shared: SharedUpdate, share: number, of: number): UpdateShare {
  const { squares, next } = shared;
  const rule = createRule(shared.optimiser);
  const ranges = cutRanges(shared.shards[0]!)
    .map(({ parameter, from, to }, index) => ({
      index,
      shards: shared.shards.map((parameters) => selectRange(parameters[parameter]!, from, to)),
      slots: shared.slots[parameter]!.map((slot) => slot.subarray(from, to)),
    }))
    .filter(({ index }) => index % of === share);
  return {
    sum(count) {
      for (const { index, shards } of ranges) {
        const [first, ...rest] = shards.slice(0, count);
        for (const part of rest) addGradient(first!, part);
        squares[index] = sumOfSquares(first!);
      }
    },
    update() {
      const [updates, rate, scale, limit] = next as unknown as [number, number, number, number];
      for (const { shards, slots } of ranges) {
        const [first, ...rest] = shards;
        applyUpdate(rule, first!, slots, { updates, rate, scale, limit });
        for (const { values } of rest) values.set(first!.values);
      }
    },
  };
}

/** √ Σ gradient² over all parameters (Pascanu et al. 2013), in the ranges' order. */
export const computeNorm = ({ squares }: SharedUpdate): number =>
  Math.sqrt(squares.reduce((sum, square) => sum + square, 0));

export const setNext = ({ next }: SharedUpdate, { updates, rate, scale, limit }: Update): void =>
  next.set([updates, rate, scale, limit]);

/** Ranges of whole rows where a parameter has rows. */
function cutRanges(parameters: readonly Parameter[]): { parameter: number; from: number; to: number }[] {
  return parameters.flatMap(({ values: { length }, touched }, parameter) => {
    const width = touched ? length / touched.length : 1;
    const step = width * Math.max(1, Math.floor(rangeValues / width));
    return Array.from({ length: Math.ceil(length / step) }, (_, i) => ({
      parameter,
      from: i * step,
      to: Math.min(length, (i + 1) * step),
    }));
  });
}

function selectRange(parameter: Parameter, from: number, to: number): Parameter {
  const { values, gradient, touched } = parameter;
  const width = touched ? values.length / touched.length : 1;
  return {
    ...parameter,
    values: values.subarray(from, to),
    gradient: gradient.subarray(from, to),
    ...(touched && { touched: touched.subarray(from / width, to / width) }),
  };
}
