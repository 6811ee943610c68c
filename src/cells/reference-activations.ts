import { activation as plain } from '../kernel/reference/activations.ts';
import type { CellActivation } from './options.ts';

/** The activations of a recurrent cell in float64; NaN in, NaN out. */
export function activation({ type, alpha, beta }: CellActivation): (x: number) => number {
  switch (type) {
    case 'tanh':
    case 'sigmoid':
    case 'relu':
      return plain[type];
    case 'softsign':
      return (x) => (Math.abs(x) === Infinity ? Math.sign(x) : x / (1 + Math.abs(x)));
    case 'softplus':
      return (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    case 'affine':
      return (x) => alpha * x + beta;
    case 'leaky_relu':
      return (x) => (x < 0 ? alpha * x : x);
    case 'thresholded_relu':
      return (x) => (x <= alpha ? 0 : x);
    case 'scaled_tanh':
      return (x) => alpha * Math.tanh(beta * x);
    case 'hard_sigmoid':
      return (x) => Math.max(0, Math.min(1, alpha * x + beta));
    case 'elu':
      return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
  }
}

/** Clipped to ± the limit, where there is one, then activated. */
export function clippedActivation(by: CellActivation, limit: number | null): (x: number) => number {
  const activate = activation(by);
  return limit === null ? activate : (x) => activate(Math.max(-limit, Math.min(limit, x)));
}
