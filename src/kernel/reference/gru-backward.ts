import { sigmoid, tanh } from './activations.ts';
import { fromInput, fromState, gateOf, type CellState, type CellWeights } from './cell.ts';
import { linearBackward, type CellGradient, type StateGradient, type StepGradient } from './cell-gradient.ts';

/**
 * One step of a GRU with reset after the product backwards (gru.ts): as lstmStepBackward.
 * δn = dh'·(1 − z)·(1 − n²)   δz = dh'·(h − n)·z·(1 − z)   δr = δn·(R_n h + b)·r·(1 − r); R_n h + b itself gets δn·r
 */
export function gruResetAfterStepBackward(
  weights: CellWeights,
  x: ArrayLike<number>,
  { h }: CellState,
  after: StateGradient,
  gradient: CellGradient,
): StepGradient {
  const units = h.length;
  const input = fromInput(weights, x);
  const hidden = fromState(weights, h);
  const r = gateOf(input, 0, units).map((sum, u) => sigmoid(sum + hidden[u]!));
  const z = gateOf(input, 1, units).map((sum, u) => sigmoid(sum + hidden[units + u]!));
  const n = gateOf(input, 2, units).map((sum, u) => tanh(sum + r[u]! * hidden[2 * units + u]!));

  const dInput = new Float64Array(3 * units);
  const dHidden = new Float64Array(3 * units);
  for (let u = 0; u < units; u++) {
    const dn = after.h[u]! * (1 - z[u]!) * (1 - n[u]! ** 2);
    dInput[u] = dn * hidden[2 * units + u]! * r[u]! * (1 - r[u]!);
    dInput[units + u] = after.h[u]! * (h[u]! - n[u]!) * z[u]! * (1 - z[u]!);
    dInput[2 * units + u] = dn;
    dHidden[u] = dInput[u]!;
    dHidden[units + u] = dInput[units + u]!;
    dHidden[2 * units + u] = dn * r[u]!;
  }
  const dx = linearBackward(weights.weightIh, x, dInput, gradient.weightIh, gradient.biasIh);
  const dh = linearBackward(weights.weightHh, h, dHidden, gradient.weightHh, gradient.biasHh);
  return { x: dx, h: dh.map((slope, u) => slope + after.h[u]! * z[u]!), c: after.c };
}
