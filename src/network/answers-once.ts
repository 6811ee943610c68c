import { findLayerKind } from './layers/registry.ts';
import type { RowCount } from '../operators/row-count.ts';
import type { NetworkSpec } from './spec.ts';

/** Whether a network answers once a sequence, as one with a pool does, rather than at every step. */
export const answersOnce = ({ layers }: Pick<NetworkSpec, 'layers'>): boolean =>
  layers.some((layer) => findLayerKind(layer.type).answersOnce?.(layer));

/** Rows of what a network answers with once. */
export function answerRows({ layers }: Pick<NetworkSpec, 'layers'>): number {
  const last = layers.at(-1);
  return (last && findLayerKind(last.type).answerRows?.(last)) ?? 1;
}

/** The steps that have a row of a network's answer; null where every one does, or only the last. */
export function answersEvery({ layers }: Pick<NetworkSpec, 'layers'>): RowCount | null {
  for (const layer of layers) {
    const every = findLayerKind(layer.type).answersEvery?.(layer);
    if (every) return every;
  }
  return null;
}
