import type { LayerLearning } from './layer-learning.ts';
import { learnings } from './learnings.ts';
import { findLayerKind, type LayerType } from './registry.ts';

/** Every kind has an entry, null where it is inference only: `npm run layers` writes it. */
const complete: Readonly<Record<LayerType, LayerLearning | null>> = learnings;

/** Null for a kind that is inference only. */
export const findLayerLearning = (type: LayerType): LayerLearning | null => complete[type];

/** What a message about such a layer ends with. */
export const inferenceOnly = 'is inference only: it has no backward pass';

/** Names a layer that cannot be trained, for a message; null where it can. @param layer unchecked besides its type */
export function whyInferenceOnly(layer: {
  readonly type: LayerType;
  readonly [field: string]: unknown;
}): string | null {
  if (!complete[layer.type]) return layer.type;
  return findLayerKind(layer.type).inferenceOnly?.(layer) ?? null;
}
