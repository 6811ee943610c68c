// Written by npm run layers: the `learn.ts` of each kind of layer, null where it is inference only.
import { learn as attention } from './attention/learn.ts';
import { learn as combine } from './combine/learn.ts';
import { learn as crf } from './crf/learn.ts';
import { learn as dense } from './dense/learn.ts';
import { learn as dropout } from './dropout/learn.ts';
import { learn as embedding } from './embedding/learn.ts';
import { learn as highway } from './highway/learn.ts';
import { learn as layerNorm } from './layer-norm/learn.ts';
import { learn as pool } from './pool/learn.ts';
import { learn as recurrent } from './recurrent/learn.ts';

export const learnings = {
  attention,
  add: combine,
  concat: combine,
  multiply: combine,
  conv1d: null,
  crf,
  dense,
  dropout,
  embedding,
  highway,
  layer_norm: layerNorm,
  operator_graph: null,
  pool,
  recurrent,
};
