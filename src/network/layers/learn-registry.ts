import { learn as attention } from './attention/learn.ts';
import { learnAdd, learnConcat, learnMultiply } from './combine/learn.ts';
import { learn as crf } from './crf/learn.ts';
import { learn as dense } from './dense/learn.ts';
import { learn as dropout } from './dropout/learn.ts';
import { learn as embedding } from './embedding/learn.ts';
import { learn as highway } from './highway/learn.ts';
import type { LayerLearning } from './layer-learning.ts';
import { learn as layerNorm } from './layer-norm/learn.ts';
import { learn as pool } from './pool/learn.ts';
import { learn as recurrent } from './recurrent/learn.ts';
import { findLayerKind, type LayerType } from './registry.ts';

/** What trains each kind of layer; a kind that is not here is inference only. */
const learnings: Readonly<Partial<Record<LayerType, LayerLearning>>> = {
  embedding,
  recurrent,
  dense,
  pool,
  dropout,
  layer_norm: layerNorm,
  highway,
  attention,
  crf,
  concat: learnConcat,
  add: learnAdd,
  multiply: learnMultiply,
};

/** Null for a kind that is inference only. */
export const findLayerLearning = (type: LayerType): LayerLearning | null => learnings[type] ?? null;

/** What a message about such a layer ends with. */
export const inferenceOnly = 'is inference only: it has no backward pass';

/** Names a layer that cannot be trained, for a message; null where it can. @param layer unchecked besides its type */
export function whyInferenceOnly(layer: {
  readonly type: LayerType;
  readonly [field: string]: unknown;
}): string | null {
  if (!learnings[layer.type]) return layer.type;
  return findLayerKind(layer.type).inferenceOnly?.(layer) ?? null;
}
