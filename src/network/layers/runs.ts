// Written by npm run layers: the `run.ts` of each kind of layer, null where it changes nothing when it serves.
import { run as attention } from './attention/run.ts';
import { run as combine } from './combine/run.ts';
import { run as conv1d } from './conv1d/run.ts';
import { run as dense } from './dense/run.ts';
import { run as embedding } from './embedding/run.ts';
import { run as highway } from './highway/run.ts';
import { run as layerNorm } from './layer-norm/run.ts';
import { run as operatorGraph } from './operator-graph/run.ts';
import { run as pool } from './pool/run.ts';
import { run as recurrent } from './recurrent/run.ts';

export const runs = {
  attention,
  add: combine,
  concat: combine,
  multiply: combine,
  conv1d,
  crf: null,
  dense,
  dropout: null,
  embedding,
  highway,
  layer_norm: layerNorm,
  operator_graph: operatorGraph,
  pool,
  recurrent,
};
