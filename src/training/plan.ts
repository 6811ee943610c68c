import type { Plan } from '../network/layers/layer.ts';

/**
 * Creates the plan of packed sequences, longest first: step t has the rows with more than t steps.
 * @param lengths non-increasing, each ≥ 1
 */
export function createPlan(lengths: ArrayLike<number>): Plan {
  const steps = lengths[0] ?? 0;
  const offsets = new Int32Array(steps + 1);
  let rows = lengths.length;
  for (let t = 0; t < steps; t++) {
    while (lengths[rows - 1]! <= t) rows--;
    offsets[t + 1] = offsets[t]! + rows;
  }
  return { offsets, steps, parity: 0 };
}

/** Total steps of all sequences. */
export const countPackedSteps = ({ offsets, steps }: Plan): number => offsets[steps]!;
