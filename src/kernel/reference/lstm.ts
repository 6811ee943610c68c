import { fromInput, fromState, gateOf, usualActivations, type CellStep } from './cell.ts';

/**
 * LSTM with a forget gate (Hochreiter and Schmidhuber 1997; Gers et al. 2000). Gates i, f, g, o.
 * i, f, o = σ(W x + b + R h + b')   g = tanh(W x + b + R h + b')   c' = f·c + i·g   h' = o·tanh(c')
 */
export const lstmStep: CellStep = (weights, x, { h, c }, { gate, value } = usualActivations) => {
  const units = h.length;
  const hidden = fromState(weights, h);
  const sums = fromInput(weights, x).map((sum, row) => sum + hidden[row]!);
  const i = gateOf(sums, 0, units).map(gate);
  const f = gateOf(sums, 1, units).map(gate);
  const g = gateOf(sums, 2, units).map(value);
  const o = gateOf(sums, 3, units).map(gate);
  const next = c.map((cell, u) => f[u]! * cell + i[u]! * g[u]!);
  return { h: next.map((cell, u) => o[u]! * value(cell)), c: next };
};
