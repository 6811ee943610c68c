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

/** Training of each kind of layer; a kind that is not here is inference only. */
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
  if (!learnings[layer.type]) return layer.type;
  return findLayerKind(layer.type).inferenceOnly?.(layer) ?? null;
}
