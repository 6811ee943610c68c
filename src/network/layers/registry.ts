import type { LayerKind } from './layer-kind.ts';
import type { LayerLearning } from './layer-learning.ts';
import type { LayerRun } from './layer-run.ts';

/** The files of a kind of layer, each loaded by those who need it: see layer-kinds.ts, layer-runs.ts, layer-learnings.ts. */
export interface LayerFiles {
  /** What checks and compiles it, on the main thread. */
  readonly kind: () => Promise<LayerKind>;
  /** What runs it in a worker; without it, it changes nothing when it serves. */
  readonly run?: () => Promise<LayerRun>;
  /** What trains it; without it, it is inference only. */
  readonly learn?: () => Promise<LayerLearning>;
}

/** Every kind of layer by its type in model.json: a new one is its folder and an entry here. */
export const layers = {
  embedding: {
    kind: async () => (await import('./embedding/embedding.ts')).embedding,
    run: async () => (await import('./embedding/run.ts')).run,
    learn: async () => (await import('./embedding/learn.ts')).learn,
  },
  recurrent: {
    kind: async () => (await import('./recurrent/recurrent.ts')).recurrent,
    run: async () => (await import('./recurrent/run.ts')).run,
    learn: async () => (await import('./recurrent/learn.ts')).learn,
  },
  dense: {
    kind: async () => (await import('./dense/dense.ts')).dense,
    run: async () => (await import('./dense/run.ts')).run,
    learn: async () => (await import('./dense/learn.ts')).learn,
  },
  conv1d: {
    kind: async () => (await import('./conv1d/conv1d.ts')).conv1d,
    run: async () => (await import('./conv1d/run.ts')).run,
  },
  pool: {
    kind: async () => (await import('./pool/pool.ts')).pool,
    run: async () => (await import('./pool/run.ts')).run,
    learn: async () => (await import('./pool/learn.ts')).learn,
  },
  dropout: {
    kind: async () => (await import('./dropout/dropout.ts')).dropout,
    learn: async () => (await import('./dropout/learn.ts')).learn,
  },
  layer_norm: {
    kind: async () => (await import('./layer-norm/layer-norm.ts')).layerNorm,
    run: async () => (await import('./layer-norm/run.ts')).run,
    learn: async () => (await import('./layer-norm/learn.ts')).learn,
  },
  attention: {
    kind: async () => (await import('./attention/attention.ts')).attention,
    run: async () => (await import('./attention/run.ts')).run,
    learn: async () => (await import('./attention/learn.ts')).learn,
  },
  crf: {
    kind: async () => (await import('./crf/crf.ts')).crf,
    learn: async () => (await import('./crf/learn.ts')).learn,
  },
  concat: {
    kind: async () => (await import('./combine/combine.ts')).concat,
    run: async () => (await import('./combine/run.ts')).run,
    learn: async () => (await import('./combine/learn.ts')).learnConcat,
  },
  add: {
    kind: async () => (await import('./combine/combine.ts')).add,
    run: async () => (await import('./combine/run.ts')).run,
    learn: async () => (await import('./combine/learn.ts')).learnAdd,
  },
  program: {
    kind: async () => (await import('./operator-graph/operator-graph.ts')).operatorGraph,
    run: async () => (await import('./operator-graph/run.ts')).run,
  },
  multiply: {
    kind: async () => (await import('./combine/combine.ts')).multiply,
    run: async () => (await import('./combine/run.ts')).run,
    learn: async () => (await import('./combine/learn.ts')).learnMultiply,
  },
} as const satisfies Readonly<Record<string, LayerFiles>>;

export type LayerType = keyof typeof layers;
export const layerTypes = Object.keys(layers) as [LayerType, ...LayerType[]];
