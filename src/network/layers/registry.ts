import { attention } from './attention/attention.ts';
import { add, concat, multiply } from './combine/combine.ts';
import { conv1d } from './conv1d/conv1d.ts';
import { crf } from './crf/crf.ts';
import { dense } from './dense/dense.ts';
import { dropout } from './dropout/dropout.ts';
import { embedding } from './embedding/embedding.ts';
import { highway } from './highway/highway.ts';
import { layerNorm } from './layer-norm/layer-norm.ts';
import type { LayerFields, LayerKind } from './layer-kind.ts';
import { operatorGraph } from './operator-graph/operator-graph.ts';
import { pool } from './pool/pool.ts';
import { recurrent } from './recurrent/recurrent.ts';

/**
 * Every kind of layer by its type in model.json: a new one is its folder and a line here. TypeScript then
 * requires its line in run-registry.ts; one that is trained has one in learn-registry.ts. They are lists of
 * their own because a worker loads run-registry.ts only, and by static imports: V8 crashes the process when a
 * thread is terminated during a dynamic one.
 */
export const layers = {
  embedding,
  recurrent,
  dense,
  conv1d,
  pool,
  dropout,
  layer_norm: layerNorm,
  highway,
  attention,
  crf,
  concat,
  add,
  operator_graph: operatorGraph,
  multiply,
} as const;

export type LayerType = keyof typeof layers;
export type LayerKinds = typeof layers;
export const layerTypes = Object.keys(layers) as [LayerType, ...LayerType[]];

/** Every entry is a kind of its own type. */
const kinds: { readonly [T in LayerType]: LayerKind<LayerFields & { readonly type: T }> } = layers;

export const findLayerKind = (type: LayerType): LayerKind => kinds[type];

type OneOf<T> = T extends readonly (infer N)[] ? N : T;
/** A node of any kind. */
export type Node = { [T in LayerType]: OneOf<ReturnType<LayerKinds[T]['resolve']>> }[LayerType];
