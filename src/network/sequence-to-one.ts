import type { RowCount } from '../operators/row-count.ts';
import { findLayerKind } from './layers/registry.ts';
import type { NetworkSpec } from './spec.ts';

/** Whether a network has one output a sequence, as with a pool, rather than one a step. */
export const isSequenceToOne = ({ layers }: Pick<NetworkSpec, 'layers'>): boolean =>
  layers.some((layer) => findLayerKind(layer.type).isSequenceToOne?.(layer));

/** The number of rows in the output of a sequence-to-one network. */
export function countOutputRows({ layers }: Pick<NetworkSpec, 'layers'>): number {
  const last = layers.at(-1);
  return (last && findLayerKind(last.type).countOutputRows?.(last)) ?? 1;
}

/** Which steps have a row of a network's output; null where every one has, or the last alone. */
export function findRowSteps({ layers }: Pick<NetworkSpec, 'layers'>): RowCount | null {
  for (const layer of layers) {
    const rowSteps = findLayerKind(layer.type).findRowSteps?.(layer);
    if (rowSteps) return rowSteps;
  }
  return null;
}
