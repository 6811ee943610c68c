import { sigmoid, tanh } from './activations.ts';
import { fromInput, fromState, gateOf, type CellState, type CellWeights } from './cell.ts';
import { linearBackward, type CellGradient, type StateGradient, type StepGradient } from './cell-gradient.ts';

/**
 * One LSTM step backwards (lstm.ts). x [in], the state before it, and ∂L of the state after it → ∂L of what it read;
 * ∂L of the weights is added to `gradient`.
 * δc' = dc' + dh'·o·(1 − tanh²c')   δi = δc'·g   δf = δc'·c   δg = δc'·i   δo = dh'·tanh c'
 */
export function lstmStepBackward(
  weights: CellWeights,
  x: ArrayLike<number>,
  before: CellState,
  after: StateGradient,
  gradient: CellGradient,
): StepGradient {
  const units = before.h.length;
  const hidden = fromState(weights, before.h);
  const sums = fromInput(weights, x).map((sum, row) => sum + hidden[row]!);
  const i = gateOf(sums, 0, units).map(sigmoid);
  const f = gateOf(sums, 1, units).map(sigmoid);
  const g = gateOf(sums, 2, units).map(tanh);
  const o = gateOf(sums, 3, units).map(sigmoid);

  const dSums = new Float64Array(4 * units);
  const dc = new Float64Array(units);
  for (let u = 0; u < units; u++) {
    const squashed = tanh(f[u]! * before.c[u]! + i[u]! * g[u]!);
    const dCell = after.c[u]! + after.h[u]! * o[u]! * (1 - squashed ** 2);
    dSums[u] = dCell * g[u]! * i[u]! * (1 - i[u]!);
    dSums[units + u] = dCell * before.c[u]! * f[u]! * (1 - f[u]!);
    dSums[2 * units + u] = dCell * i[u]! * (1 - g[u]! ** 2);
    dSums[3 * units + u] = after.h[u]! * squashed * o[u]! * (1 - o[u]!);
    dc[u] = dCell * f[u]!;
  }
  return {
    x: linearBackward(weights.weightIh, x, dSums, gradient.weightIh, gradient.biasIh),
    h: linearBackward(weights.weightHh, before.h, dSums, gradient.weightHh, gradient.biasHh),
    c: dc,
  };
}
