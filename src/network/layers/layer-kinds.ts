import type { LayerKind } from './layer-kind.ts';
import { layers, layerTypes, type LayerType } from './registry.ts';

// Every kind of layer as the main thread needs it.

export type LayerKinds = { readonly [T in LayerType]: Awaited<ReturnType<(typeof layers)[T]['kind']>> };

const loaded = await Promise.all(layerTypes.map(async (type) => [type, await layers[type].kind()] as const));

export const layerKinds = Object.fromEntries(loaded) as unknown as LayerKinds;

export const findLayerKind = (type: LayerType): LayerKind => layerKinds[type];

/** Nodes of every kind. */
type NodesOf<T extends LayerType> = ReturnType<LayerKinds[T]['resolve']>;
type OneOf<T> = T extends readonly (infer N)[] ? N : T;
export type Node = { [T in LayerType]: OneOf<NodesOf<T>> }[LayerType];

/** What such a message ends with. */
export const inferenceOnly = 'is inference only: it has no backward pass';

/** Names a layer that cannot be trained, for a message; null where it can. @param layer unchecked besides its type */
export function whyInferenceOnly(layer: {
  readonly type: LayerType;
  readonly [field: string]: unknown;
}): string | null {
  if (!('learn' in layers[layer.type])) return layer.type;
  return findLayerKind(layer.type).inferenceOnly?.(layer) ?? null;
}
