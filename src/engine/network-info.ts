import { resolveNetwork } from '../network/encoder-decoder.ts';
import type { Node } from '../network/graph.ts';
import { idColumns } from '../network/input.ts';
import type { CodePath, NetworkProgram } from '../network/program.ts';
import type { Runner } from '../network/runner.ts';
import { findLayerKind } from '../network/layers/registry.ts';
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
  /** Where a step has several ids: the vocabulary of each. */
  readonly idColumns: readonly number[];
  /** float32 of one sequence's state. */
  readonly stateFloats: number;
  /** Most steps of one sequence: a network that is not causal holds all of it at once. */
  readonly maxSteps: number;
  /** Paths that a search may keep alive; 0 for what is no encoder-decoder. */
  readonly maxBeam: number;
  readonly parameters: number;
  /** Bytes of the packed weights. */
  readonly weightBytes: number;
  readonly layers: readonly LayerInfo[];
  /** The path that this network's code really took. */
  readonly kernel: CodePath;
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
  loaded: {
    program: NetworkProgram;
    runner: Runner;
    maxSteps: number;
    maxBeam: number;
  },
): NetworkInfo {
  const { program, runner } = loaded;
  const source = program.encoder?.program.input ?? null;
  const { graph, encoder } = resolveNetwork(spec, program.input, source);
  const reads = source ?? program.input;
  const sizeOf = (names: readonly string[]): number =>
    names.reduce((sum, name) => sum + (weights.get(name)?.values.length ?? 0), 0);
  const shown = (node: Node): LayerInfo => ({
    name: node.name,
    type: node.type,
    detail: findLayerKind(node.type).describe(node.layer),
    width: node.width,
    parameters: sizeOf(node.shapes.map(([name]) => name)),
  });
  const bridges = (encoder?.bridge ?? []).map(({ node, state, units, tensors }): LayerInfo => ({
    name: `bridge.${graph.nodes[node]!.name}.${state}`,
    type: 'bridge',
    detail: encoder!.bridgeKind,
    width: units,
    parameters: sizeOf(Object.values(tensors)),
  }));
  const layers = [...(encoder?.graph.nodes ?? []).map(shown), ...bridges, ...graph.nodes.map(shown)];
  return {
    causal: runner.causal,
    outputWidth: runner.outputWidth,
    hiddenWidth: runner.hiddenWidth,
    inputWidth: reads.kind === 'features' ? reads.width : 0,
    vocabulary: reads.kind === 'ids' ? reads.vocabulary : 0,
    idColumns: reads.kind === 'ids' ? idColumns(reads) : [],
    maxBeam: loaded.maxBeam,
    stateFloats: runner.stateLength,
    maxSteps: loaded.maxSteps,
    parameters: [...weights.values()].reduce((sum, { values }) => sum + values.length, 0),
    weightBytes: program.weightBytes + (program.encoder?.weightBytes ?? 0),
    layers,
    kernel: program.code,
  };
}
