import * as listed from './kinds.ts';
import type { LayerFields, LayerKind } from './layer-kind.ts';

export const layers = { ...listed };
export type LayerKinds = typeof layers;
export type LayerType = keyof LayerKinds;
export const layerTypes = Object.keys(layers) as [LayerType, ...LayerType[]];

/** Every entry is a kind of its own type. */
const kinds: { readonly [T in LayerType]: LayerKind<LayerFields & { readonly type: T }> } = layers;

export const findLayerKind = (type: LayerType): LayerKind => kinds[type];

type OneOf<T> = T extends readonly (infer N)[] ? N : T;
/** A node of any kind. */
export type Node = { [T in LayerType]: OneOf<ReturnType<LayerKinds[T]['resolve']>> }[LayerType];
