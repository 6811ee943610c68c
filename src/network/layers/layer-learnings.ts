import type { LayerLearning } from './layer-learning.ts';
import { layers, layerTypes, type LayerFiles, type LayerType } from './registry.ts';

// Every kind of layer that is trained, as training needs it.

const loaded = await Promise.all(
  layerTypes.map(async (type) => {
    const { learn }: LayerFiles = layers[type];
    return [type, learn ? await learn() : null] as const;
  }),
);
const learnings: ReadonlyMap<LayerType, LayerLearning | null> = new Map(loaded);

/** Null for a kind that is inference only. */
export const findLayerLearning = (type: LayerType): LayerLearning | null => learnings.get(type) ?? null;
