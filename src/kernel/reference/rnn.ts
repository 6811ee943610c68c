import { relu, tanh } from './activations.ts';
import { overSequence, type CellWeights, type SequenceOptions } from './cell.ts';
import { linear } from './linear.ts';

type Activation = 'tanh' | 'relu';

/**
 * Plain recurrent cell (Elman 1990): h' = tanh or relu of (W x + b_i + R h + b_h).
 * x [in]  h [units]  weightIh [units, in]  weightHh [units, units]
 */
export function rnnStep({
  x,
  h,
  activation = 'tanh',
  weightIh,
  weightHh,
  biasIh,
  biasHh,
  units,
}: CellWeights & { x: ArrayLike<number>; h: ArrayLike<number>; activation?: Activation }): {
  h: Float64Array;
} {
  const fromInput = linear({ x, weight: weightIh, units, ...(biasIh && { bias: biasIh }) });
  const fromState = linear({ x: h, weight: weightHh, units, ...(biasHh && { bias: biasHh }) });
  const act = activation === 'relu' ? relu : tanh;
  return { h: fromInput.map((sum, unit) => act(sum + fromState[unit]!)) };
}

/** @returns hs [T, units] and the final h */
export function rnnSequence(options: SequenceOptions & { activation?: Activation }): {
  hs: Float64Array;
  h: Float64Array;
} {
  const { xs, units, weightIh, reverse = false } = options;
  let h: Float64Array = Float64Array.from(options.h ?? new Float64Array(units));
  const hs = overSequence(xs, weightIh.length / units, units, reverse, (x) => {
    ({ h } = rnnStep({ ...options, x, h }));
    return h;
  });
  return { hs, h };
}
