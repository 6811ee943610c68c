import type { ServedModel } from '../repository/repository-interface.ts';
import { numberBytes } from './budgets.ts';

/** Bytes of `[],`. */
const rowBytes = 3;

/** Estimates the bytes of a reply with the outputs of some sequences. @param every of every step */
export function predictionBytes(
  model: ServedModel,
  sequences: readonly { readonly steps: number }[],
  every: boolean,
): number {
  const rows = sequences.reduce((sum, { steps }) => sum + (every ? steps : 1), 0);
  return rows * (model.network.info.outputWidth * numberBytes + rowBytes);
}
