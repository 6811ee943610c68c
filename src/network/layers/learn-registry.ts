import type { LayerLearning } from './layer-learning.ts';
import { learnings } from './learnings.ts';
import { findLayerKind, type LayerType } from './registry.ts';

/** Every kind has an entry, null for one that is inference only; `npm run layers` writes them. */
const complete: Readonly<Record<LayerType, LayerLearning | null>> = learnings;

/** Null for a kind that is inference only. */
export const findLayerLearning = (type: LayerType): LayerLearning | null => complete[type];

/** The end of an error message about such a layer. */
export const inferenceOnly = 'is inference only: it has no backward pass';

/**
 * Names a layer that is inference only, for a message; null if it can be trained.
 * @param layer only its type is checked
 */
export function whyInferenceOnly(layer: {
  readonly type: LayerType;
  readonly [field: string]: unknown;
}): string | null {
  if (!complete[layer.type]) return layer.type;
  return findLayerKind(layer.type).inferenceOnly?.(layer) ?? null;
}
