import { sigmoid, tanh } from './activations.ts';
import { gateRows, overSequence, type CellWeights, type SequenceOptions } from './cell.ts';
import { linear } from './linear.ts';

type Reset = 'before' | 'after';

/**
 * GRU, gates in rows r, z, n:
 *   r, z = σ(W x + b_i + R h + b_h)      h' = (1 − z)·n + z·h
 * with the reset gate before the recurrent product (Cho et al. 2014) or after it (cuDNN, PyTorch):
 *   before: n = tanh(W_n x + b_in + R_n (r·h) + b_hn)
 *   after:  n = tanh(W_n x + b_in + r·(R_n h + b_hn))
 * x [in]  h [units]  weightIh [3·units, in]  weightHh [3·units, units]
 */
export function gruStep({
  x,
  h,
  reset = 'after',
  weightIh,
  weightHh,
  biasIh,
  biasHh,
  units,
}: CellWeights & { x: ArrayLike<number>; h: ArrayLike<number>; reset?: Reset }): { h: Float64Array } {
  const fromInput = linear({ x, weight: weightIh, units: 3 * units, ...(biasIh && { bias: biasIh }) });
  const stateProduct = (gate: number, state: ArrayLike<number>): Float64Array =>
    linear({
      x: state,
      weight: gateRows(weightHh, gate, 3),
      units,
      ...(biasHh && { bias: gateRows(biasHh, gate, 3) }),
    });
  const input = (gate: number, unit: number): number => fromInput[gate * units + unit]!;

  const r = stateProduct(0, h).map((sum, unit) => sigmoid(input(0, unit) + sum));
  const z = stateProduct(1, h).map((sum, unit) => sigmoid(input(1, unit) + sum));
  const n =
    reset === 'before'
      ? stateProduct(
          2,
          r.map((gate, unit) => gate * h[unit]!),
        ).map((sum, unit) => tanh(input(2, unit) + sum))
      : stateProduct(2, h).map((sum, unit) => tanh(input(2, unit) + r[unit]! * sum));
  return { h: n.map((candidate, unit) => (1 - z[unit]!) * candidate + z[unit]! * h[unit]!) };
}

/** @returns hs [T, units] and the final h */
export function gruSequence(options: SequenceOptions & { reset?: Reset }): {
  hs: Float64Array;
  h: Float64Array;
} {
  const { xs, units, reverse = false } = options;
  const weightHh = Float64Array.from(options.weightHh);
  let h: Float64Array = Float64Array.from(options.h ?? new Float64Array(units));
  const hs = overSequence(xs, options.weightIh.length / (3 * units), units, reverse, (x) => {
    ({ h } = gruStep({ ...options, weightHh, x, h }));
    return h;
  });
  return { hs, h };
}
