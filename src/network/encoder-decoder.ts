import { findCell } from '../cells/registry.ts';
import { UnrollError } from '../errors.ts';
import { resolveGraph, type Graph, type Node } from './graph.ts';
import { networkInput } from './find-input.ts';
import type { NetworkInput } from './input.ts';
import type { TensorShape } from './layers/layer-kind.ts';
import type { NetworkSpec } from './spec.ts';
import type { Weights } from './weights.ts';

// Encoder-decoders: an encoder reads the whole source, a bridge turns its last state into the decoder's
// first, and the decoder writes, attending to the encoder's rows if it has attention.

/** Prefix of the names of an encoder's nodes and tensors. */
const encoderPrefix = 'encoder.';

/** A network's graph, and its encoder and bridge if it has them. */
export interface ResolvedNetwork {
  readonly graph: Graph;
  readonly encoder: EncoderGraph | null;
}

export interface EncoderGraph {
  readonly graph: Graph;
  /** The columns of the encoder's rows that the bridge reads, of a sequence's last step or its first. */
  readonly summary: readonly SummaryPart[];
  readonly summaryWidth: number;
  readonly bridge: readonly BridgeState[];
  readonly bridgeKind: NetworkSpec['bridge'];
}

export interface SummaryPart {
  readonly from: number;
  readonly to: number;
  readonly at: 'last' | 'first';
}

/** One state of the decoder: h or c of a recurrent node. */
export interface BridgeState {
  /** Index of the node in the decoder's graph. */
  readonly node: number;
  readonly state: 'h' | 'c';
  readonly units: number;
  /** dense: tanh(W s + b), W [units, summary width] */
  readonly tensors: { readonly weight: string; readonly bias: string };
}

/** Resolves the inputs of the encoder and the layers. @throws UnrollError invalid_model */
export function networkInputs(
  spec: NetworkSpec,
  weights: Weights,
): { input: NetworkInput; source: NetworkInput | null } {
  return {
    input: networkInput(spec, weights),
    source: spec.encoder ? networkInput(spec.encoder, weights, encoderPrefix) : null,
  };
}

/** @throws UnrollError invalid_model */
export function resolveNetwork(
  spec: NetworkSpec,
  input: NetworkInput,
  source: NetworkInput | null,
): ResolvedNetwork {
  if (!spec.encoder || !source) return { graph: resolveGraph(spec, input), encoder: null };
  const encoder = resolveGraph(spec.encoder, source, { prefix: encoderPrefix });
  const memoryWidth = encoder.nodes.at(-1)!.width;
  const graph = resolveGraph(spec, input, { memoryWidth });
  if (!graph.causal)
    throw new UnrollError('invalid_model', 'network.layers: a decoder writes forward in time only', {
      field: 'network.layers',
    });
  const summary = resolveSummary(encoder.nodes);
  const summaryWidth = summary.reduce((sum, { from, to }) => sum + to - from, 0);
  const bridge = spec.bridge === 'none' ? [] : bridgeStates(graph.nodes, spec.bridge);
  if (spec.bridge === 'copy')
    for (const { node, units } of bridge)
      if (units !== summaryWidth)
        throw new UnrollError(
          'invalid_model',
          `network.bridge: copy needs equal widths: the encoder ends with ${summaryWidth}, layer ${graph.nodes[node]!.name} has ${units} units`,
          { field: 'network.bridge' },
        );
  return { graph, encoder: { graph: encoder, summary, summaryWidth, bridge, bridgeKind: spec.bridge } };
}

/** Every tensor of a network, with the layer that reads it. */
export function networkTensors({
  graph,
  encoder,
}: ResolvedNetwork): [owner: string, tensors: readonly TensorShape[]][] {
  const ofNodes = (nodes: readonly Node[]): ReturnType<typeof networkTensors> =>
    nodes.map((node) => [`layer ${node.name}`, node.shapes]);
  if (!encoder) return ofNodes(graph.nodes);
  const { bridge, summaryWidth, bridgeKind } = encoder;
  const ofBridge = bridge.map(({ tensors, units }): [string, TensorShape[]] => [
    'bridge',
    [
      [tensors.weight, [units, summaryWidth]],
      [tensors.bias, [units]],
    ],
  ]);
  return [
    ...ofNodes(encoder.graph.nodes),
    ...(bridgeKind === 'dense' ? ofBridge : []),
    ...ofNodes(graph.nodes),
  ];
}

/** A bidirectional layer ends forward at the last step and backward at the first. */
function resolveSummary(nodes: readonly Node[]): SummaryPart[] {
  let last = nodes.length - 1;
  while (nodes[last]!.type === 'dropout' && nodes[last]!.inputs[0]! >= 0) last = nodes[last]!.inputs[0]!;
  const node = nodes[last]!;
  if (node.type !== 'recurrent' || !node.layer.bidirectional || node.layer.merge !== 'concat')
    return [{ from: 0, to: node.width, at: 'last' }];
  const { units } = node.layer;
  return [
    { from: 0, to: units, at: 'last' },
    { from: units, to: 2 * units, at: 'first' },
  ];
}

/** `copy` sets h only: c keeps its layer's initial value. */
function bridgeStates(nodes: readonly Node[], bridge: 'copy' | 'dense'): BridgeState[] {
  return nodes.flatMap((node, index) => {
    if (node.type !== 'recurrent') return [];
    const states = bridge === 'dense' ? findCell(node.layer).states : (['h'] as const);
    return states.map((state): BridgeState => {
      const name = `bridge.${node.name}.${state}`;
      const tensors = { weight: `${name}.weight`, bias: `${name}.bias` };
      return { node: index, state, units: node.layer.units, tensors };
    });
  });
}
