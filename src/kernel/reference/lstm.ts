import { sigmoid, tanh } from './activations.ts';
import { overSequence, type CellWeights, type SequenceOptions } from './cell.ts';
import { linear } from './linear.ts';

/**
 * LSTM with a forget gate (Hochreiter & Schmidhuber 1997; Gers et al. 2000), gates in rows i, f, g, o:
 *   i, f, o = σ(W x + b_i + R h + b_h)   g = tanh(W_g x + b_ig + R_g h + b_hg)
 *   c' = f·c + i·g                       h' = o·tanh(c')
 * x [in]  h, c [units]  weightIh [4·units, in]  weightHh [4·units, units]
 */
export function lstmStep({
  x,
  h,
  c,
  weightIh,
  weightHh,
  biasIh,
  biasHh,
  units,
}: CellWeights & { x: ArrayLike<number>; h: ArrayLike<number>; c: ArrayLike<number> }): {
  h: Float64Array;
  c: Float64Array;
} {
  const fromInput = linear({ x, weight: weightIh, units: 4 * units, ...(biasIh && { bias: biasIh }) });
  const fromState = linear({ x: h, weight: weightHh, units: 4 * units, ...(biasHh && { bias: biasHh }) });
  const sums = fromInput.map((sum, row) => sum + fromState[row]!);
  const gate = (index: number, unit: number): number => sums[index * units + unit]!;

  const nextC = new Float64Array(units);
  const nextH = new Float64Array(units);
  for (let unit = 0; unit < units; unit++) {
    const i = sigmoid(gate(0, unit));
    const f = sigmoid(gate(1, unit));
    const g = tanh(gate(2, unit));
    const o = sigmoid(gate(3, unit));
    nextC[unit] = f * c[unit]! + i * g;
    nextH[unit] = o * tanh(nextC[unit]!);
  }
  return { h: nextH, c: nextC };
}

/** @returns hs [T, units] and the final h and c */
export function lstmSequence(options: SequenceOptions & { c?: ArrayLike<number> }): {
  hs: Float64Array;
  h: Float64Array;
  c: Float64Array;
} {
  const { xs, units, weightIh, reverse = false } = options;
  let h: Float64Array = Float64Array.from(options.h ?? new Float64Array(units));
  let c: Float64Array = Float64Array.from(options.c ?? new Float64Array(units));
  const hs = overSequence(xs, weightIh.length / (4 * units), units, reverse, (x) => {
    ({ h, c } = lstmStep({ ...options, x, h, c }));
    return h;
  });
  return { hs, h, c };
}
