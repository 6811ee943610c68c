import { padded } from '../kernel/emit/emitter.ts';
import { findCell } from '../cells/registry.ts';
import type { Graph } from './graph.ts';
import { compileAttention, type AttentionProgram } from './layers/attention.ts';
import { compileCombine, type CombineProgram } from './layers/combine.ts';
import { compileConv1d, type Conv1dProgram } from './layers/conv1d.ts';
import { compileDense, type DenseProgram } from './layers/dense.ts';
import { compileEmbedding, type EmbeddingProgram } from './layers/embedding.ts';
import type { CompileContext } from './layers/layer.ts';
import { compileLayerNorm, type LayerNormProgram } from './layers/layer-norm.ts';
import { compilePool, type PoolProgram } from './layers/pool.ts';
import { compileProgram, type ProgramProgram } from './layers/program.ts';
import type { RecurrentSpec } from './spec.ts';
import { compileRecurrent, type RecurrentProgram } from './layers/recurrent.ts';

/** A node whose value is its input's: dropout when serving, a running `last`, a crf, which looks at whole sequences of them. */
export interface SameProgram {
  readonly kind: 'same';
}

type LayerProgram =
  | DenseProgram
  | EmbeddingProgram
  | RecurrentProgram
  | PoolProgram
  | Conv1dProgram
  | LayerNormProgram
  | AttentionProgram
  | CombineProgram
  | ProgramProgram
  | SameProgram;

export type NodeProgram = LayerProgram & {
  /** Nodes read, with `same` nodes looked through; −1 is the network's input. */
  readonly inputs: readonly number[];
  readonly width: number;
};

/** A token × input-weights table is made while it stays below this many bytes. */
const largestTable = 64 * 1_048_576;

/** Compiles a graph's nodes in order. */
export function compileNodes(graph: Graph, context: Omit<CompileContext, 'inputWidths'>): NodeProgram[] {
  const nodes: NodeProgram[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((index) => through(nodes, index));
    const inputWidths = inputs.map((index) => (index < 0 ? graph.inputWidth : nodes[index]!.width));
    const own = { ...context, inputWidths };
    const compile = (): LayerProgram => {
      switch (node.type) {
        case 'embedding':
          return compileEmbedding(node.layer, node.tensors, own);
        case 'dense':
          return compileDense(node.layer, node.tensors, own);
        case 'recurrent':
          return compileRecurrent(
            node.layer,
            node.tensors,
            { tableVocabulary: tableFor(nodes[inputs[0]!], node.layer), ends: node.ends },
            own,
          );
        case 'conv1d':
          return compileConv1d(node.layer, node.tensors, own);
        case 'pool':
          return node.layer.mode === 'last'
            ? { kind: 'same' }
            : compilePool(node.layer.mode, node.tensors.weight, own);
        case 'layer_norm':
          return compileLayerNorm(node.layer, node.tensors, own);
        case 'program':
          return compileProgram(node.layer, node.tensors, own);
        case 'attention':
          return compileAttention(node.layer, node.tensors, node.memoryWidth, own);
        case 'dropout':
        case 'crf':
          return { kind: 'same' };
        default:
          return inputs.length === 1 ? { kind: 'same' } : compileCombine(node.type, own);
      }
    };
    nodes.push({ ...compile(), inputs, width: node.width });
  }
  return nodes;
}

/** The vocabulary of a token × input-weights table before a recurrent layer, null where there is none. */
function tableFor(before: NodeProgram | undefined, layer: RecurrentSpec): number | null {
  if (before?.kind !== 'embedding' || before.count > 1) return null;
  const bytes = before.vocabulary * findCell(layer).gates.length * padded(layer.units) * 4;
  return bytes <= largestTable ? before.vocabulary : null;
}

/** The node whose rows a node's readers really read. A node's own inputs are already looked through. */
export function through(nodes: readonly NodeProgram[], index: number): number {
  const node = nodes[index];
  return node?.kind === 'same' ? node.inputs[0]! : index;
}
