import { usualOptions } from '../cell-options.ts';
import { squashWithin } from './cell-activations.ts';
import { fromInput, fromState, gateOf, type CellStep } from './cell.ts';

// GRU, gates r, z, n: r, z = σ(W x + b + R h + b')   h' = (1 − z)·n + z·h. The two conventions differ in n.

/** Reset after the product (cuDNN, PyTorch): n = tanh(W_n x + b_n + r·(R_n h + b'_n)). */
export const gruResetAfterStep: CellStep = (weights, x, { h, c }, options = usualOptions) => {
  const gate = squashWithin(options.gate, options.clip);
  const candidate = squashWithin(options.candidate, options.clip);
  const units = h.length;
  const input = fromInput(weights, x);
  const hidden = fromState(weights, h);
  const r = gateOf(input, 0, units).map((sum, u) => gate(sum + hidden[u]!));
  const z = gateOf(input, 1, units).map((sum, u) => gate(sum + hidden[units + u]!));
  const n = gateOf(input, 2, units).map((sum, u) => candidate(sum + r[u]! * hidden[2 * units + u]!));
  return { h: h.map((before, u) => (1 - z[u]!) * n[u]! + z[u]! * before), c };
};

/** Reset before the product (Cho et al. 2014): n = tanh(W_n x + b_n + R_n (r·h) + b'_n). */
export const gruResetBeforeStep: CellStep = (weights, x, { h, c }, options = usualOptions) => {
  const gate = squashWithin(options.gate, options.clip);
  const candidate = squashWithin(options.candidate, options.clip);
  const units = h.length;
  const input = fromInput(weights, x);
  const hidden = fromState(weights, h);
  const r = gateOf(input, 0, units).map((sum, u) => gate(sum + hidden[u]!));
  const z = gateOf(input, 1, units).map((sum, u) => gate(sum + hidden[units + u]!));
  const reset = fromState(
    weights,
    h.map((before, u) => r[u]! * before),
  );
  const n = gateOf(input, 2, units).map((sum, u) => candidate(sum + reset[2 * units + u]!));
  return { h: h.map((before, u) => (1 - z[u]!) * n[u]! + z[u]! * before), c };
};
