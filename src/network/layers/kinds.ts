// Every kind of layer under its type in model.json. To add one: its folder, its line here, and `npm run layers`.
export { attention } from './attention/attention.ts';
export { add, concat, multiply } from './combine/combine.ts';
export { conv1d } from './conv1d/conv1d.ts';
export { crf } from './crf/crf.ts';
export { dense } from './dense/dense.ts';
export { dropout } from './dropout/dropout.ts';
export { embedding } from './embedding/embedding.ts';
export { highway } from './highway/highway.ts';
export { layerNorm as layer_norm } from './layer-norm/layer-norm.ts';
export { operatorGraph as operator_graph } from './operator-graph/operator-graph.ts';
export { pool } from './pool/pool.ts';
export { recurrent } from './recurrent/recurrent.ts';
