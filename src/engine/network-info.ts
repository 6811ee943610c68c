import { resolveGraph, type Node } from '../network/graph.ts';
import type { NetworkProgram } from '../network/program.ts';
import type { Runner } from '../network/runner.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';

/** What there is to say about a loaded network. */
export interface NetworkInfo {
  readonly causal: boolean;
  readonly outputWidth: number;
  readonly hiddenWidth: number;
  /** Features a step; 0 when a step is an id. */
  readonly inputWidth: number;
  /** Ids that a step may be; 0 when a step is features. */
  readonly vocabulary: number;
  /** float32 of one sequence's state. */
  readonly stateFloats: number;
  /** Most steps of one sequence: a network that is not causal holds all of it at once. */
  readonly maxSteps: number;
  readonly parameters: number;
  /** Bytes of the packed weights. */
  readonly weightBytes: number;
  readonly layers: readonly LayerInfo[];
  readonly kernel: { readonly path: 'revectorised' | 'plain'; readonly reason: string };
}
interface LayerInfo {
  readonly name: string;
  readonly type: string;
  readonly detail: string;
  readonly width: number;
  readonly parameters: number;
}

export function describeNetwork(
  spec: NetworkSpec,
  weights: Weights,
  loaded: { program: NetworkProgram; runner: Runner; kernel: NetworkInfo['kernel']; maxSteps: number },
): NetworkInfo {
  const { program, runner } = loaded;
  const layers = resolveGraph(spec, program.input).nodes.map((node) => ({
    name: node.name,
    type: node.type,
    detail: detailOf(node),
    width: node.width,
    parameters: tensorsOf(node).reduce((sum, name) => sum + (weights.get(name)?.values.length ?? 0), 0),
  }));
  return {
    causal: runner.causal,
    outputWidth: runner.outputWidth,
    hiddenWidth: runner.hiddenWidth,
    inputWidth: runner.inputWidth,
    vocabulary: program.input.kind === 'ids' ? program.input.vocabulary : 0,
    stateFloats: runner.stateLength,
    maxSteps: loaded.maxSteps,
    parameters: layers.reduce((sum, { parameters }) => sum + parameters, 0),
    weightBytes: program.weightBytes,
    layers,
    kernel: loaded.kernel,
  };
}

function tensorsOf(node: Node): string[] {
  if (node.type === 'recurrent')
    return [node.tensors.forward, node.tensors.backward].flatMap((tensors) =>
      tensors ? Object.values(tensors) : [],
    );
  return 'tensors' in node ? Object.values(node.tensors) : [];
}

function detailOf({ layer }: Node): string {
  switch (layer.type) {
    case 'recurrent': {
      const { cell, activation, reset, bidirectional, merge } = layer;
      const how = { rnn: ` ${activation}`, gru: ` reset ${reset}`, lstm: '' }[cell];
      return `${cell}${how}${bidirectional ? `, bidirectional ${merge}` : ''}`;
    }
    case 'dense':
      return layer.activation;
    case 'pool':
      return layer.mode;
    case 'embedding':
      return `${layer.vocabulary} ids`;
    case 'dropout':
      return 'training only';
    default:
      return `of ${layer.inputs.join(', ')}`;
  }
}
