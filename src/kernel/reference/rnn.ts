import { activation } from './activations.ts';
import { fromInput, fromState, type CellStep } from './cell.ts';

/** Plain recurrent cell (Elman 1990): h' = squash(W x + b + R h + b'). */
export const rnnStep =
  (squash: 'tanh' | 'relu' | 'sigmoid'): CellStep =>
  (weights, x, { h, c }) => {
    const hidden = fromState(weights, h);
    return { h: fromInput(weights, x).map((sum, u) => activation[squash](sum + hidden[u]!)), c };
  };
