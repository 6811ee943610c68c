import { resolveNetwork } from '../network/encoder-decoder.ts';
import type { Node } from '../network/graph.ts';
import { idColumns } from '../network/input.ts';
import type { InsideLayer } from '../network/inside.ts';
import { listInsideLayers } from '../network/inside-layers.ts';
import type { CodePath, CompiledNetwork } from '../network/compile-network.ts';
import type { Runner } from '../network/runner.ts';
import { findLayerKind } from '../network/layers/registry.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';

/** The description of a loaded network. */
export interface NetworkInfo {
  readonly causal: boolean;
  readonly outputWidth: number;
  readonly hiddenWidth: number;
  /** Features per step; 0 if a step is ids. */
  readonly inputWidth: number;
  /** Number of ids; 0 if a step is features. */
  readonly vocabulary: number;
  /** The vocabulary of each id of a step; empty if a step is features. */
  readonly idColumns: readonly number[];
  /** Number of float32 of one sequence's state. */
  readonly stateFloats: number;
  /** Its parts by layer, in order; empty unless the network is causal. */
  readonly stateParts: readonly { readonly name: string; readonly floats: number }[];
  /** Maximum steps of one sequence; a network that is not causal has all of them in memory at once. */
  readonly maxSteps: number;
  /** float32 that are kept of one step of an encoder-decoder's source; 0 for other networks. */
  readonly memoryWidth: number;
  /** Maximum hypotheses of a search; 0 unless the network is an encoder-decoder. */
  readonly maxBeam: number;
  readonly parameters: number;
  /** Bytes of the packed weights. */
  readonly weightBytes: number;
  readonly layers: readonly LayerInfo[];
  /** Layers whose inside values can be reported; none of an encoder-decoder. */
  readonly inside: readonly InsideLayer[];
  /** The code path that the network's kernels use. */
  readonly kernel: CodePath;
}
interface LayerInfo {
  readonly name: string;
  readonly type: string;
  readonly detail: string;
  readonly width: number;
  readonly parameters: number;
}

/** Values of one step of a network's input. */
export const stepWidth = ({ inputWidth, idColumns }: Pick<NetworkInfo, 'inputWidth' | 'idColumns'>): number =>
  Math.max(1, inputWidth, idColumns.length);

/** Describes a compiled network. */
export function describeNetwork(
  spec: NetworkSpec,
  weights: Weights,
  loaded: {
    compiled: CompiledNetwork;
    runner: Runner;
    maxSteps: number;
    maxBeam: number;
  },
): NetworkInfo {
  const { compiled, runner } = loaded;
  const source = compiled.encoder?.network.input ?? null;
  const { graph, encoder } = resolveNetwork(spec, compiled.input, source);
  const input = source ?? compiled.input;
  const countParameters = (names: readonly string[]): number =>
    names.reduce((sum, name) => sum + (weights.get(name)?.values.length ?? 0), 0);
  const describeLayer = (node: Node): LayerInfo => ({
    name: node.name,
    type: node.type,
    detail: findLayerKind(node.type).describe(node.layer),
    width: node.width,
    parameters: countParameters(node.shapes.map(([name]) => name)),
  });
  const bridges = (encoder?.bridge ?? []).map(({ node, state, units, tensors }): LayerInfo => ({
    name: `bridge.${graph.nodes[node]!.name}.${state}`,
    type: 'bridge',
    detail: encoder!.bridgeKind,
    width: units,
    parameters: countParameters(Object.values(tensors)),
  }));
  const layers = [
    ...(encoder?.graph.nodes ?? []).map(describeLayer),
    ...bridges,
    ...graph.nodes.map(describeLayer),
  ];
  return {
    causal: runner.causal,
    outputWidth: runner.outputWidth,
    hiddenWidth: runner.hiddenWidth,
    inputWidth: input.kind === 'features' ? input.width : 0,
    vocabulary: input.kind === 'ids' ? input.vocabulary : 0,
    idColumns: input.kind === 'ids' ? idColumns(input) : [],
    memoryWidth: compiled.encoder?.memoryWidth ?? 0,
    maxBeam: loaded.maxBeam,
    stateFloats: runner.stateLength,
    stateParts: runner.stateParts.map(({ node, name, floats }) => ({
      name: `${graph.nodes[node]!.name}.${name}`,
      floats,
    })),
    maxSteps: loaded.maxSteps,
    parameters: [...weights.values()].reduce((sum, { values }) => sum + values.length, 0),
    weightBytes: compiled.weightBytes + (compiled.encoder?.weightBytes ?? 0),
    layers,
    inside: encoder
      ? []
      : listInsideLayers(
          compiled,
          graph.nodes.map(({ name }) => name),
        ),
    kernel: compiled.code,
  };
}
