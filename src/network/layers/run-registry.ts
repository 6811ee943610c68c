import { run as attention } from './attention/run.ts';
import { run as combine } from './combine/run.ts';
import { run as conv1d } from './conv1d/run.ts';
import { run as dense } from './dense/run.ts';
import { run as embedding } from './embedding/run.ts';
import { run as highway } from './highway/run.ts';
import type { LayerRun } from './layer-run.ts';
import { run as layerNorm } from './layer-norm/run.ts';
import { run as operatorGraph } from './operator-graph/run.ts';
import { run as pool } from './pool/run.ts';
import { run as recurrent } from './recurrent/run.ts';
import type { LayerType } from './registry.ts';

/** The run of each kind of layer in a worker; null for one that has no effect in serving. */
const runs: Readonly<Record<LayerType, LayerRun | null>> = {
  embedding,
  recurrent,
  dense,
  conv1d,
  pool,
  dropout: null,
  layer_norm: layerNorm,
  highway,
  attention,
  crf: null,
  concat: combine,
  add: combine,
  operator_graph: operatorGraph,
  multiply: combine,
};

/** @param kind of a compiled layer, or `alias` of a node that compiled to nothing */
export const findLayerRun = (kind: LayerType | 'alias'): LayerRun | null =>
  kind === 'alias' ? null : runs[kind];
