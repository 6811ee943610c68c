import { usualOptions } from '../cell-options.ts';
import { squashWithin } from './cell-activations.ts';
import { fromInput, fromState, type CellStep } from './cell.ts';

/** Plain recurrent cell (Elman 1990): h' = squash(W x + b + R h + b'). */
export const rnnStep: CellStep = (weights, x, { h, c }, { candidate, clip } = usualOptions) => {
  const squashed = squashWithin(candidate, clip);
  const hidden = fromState(weights, h);
  return { h: fromInput(weights, x).map((sum, u) => squashed(sum + hidden[u]!)), c };
};
