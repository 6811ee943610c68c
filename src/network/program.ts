import type { Emitter } from '../kernel/emit/emitter.ts';
import type { CompiledModule } from '../kernel/compile-checked.ts';
import { emitGather } from '../kernel/emit/rows.ts';
import { instantiate } from '../kernel/instantiate.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { MemoryFull } from '../kernel/memory.ts';
import { UnrollError } from '../errors.ts';
import { compileBridge, type BridgeProgram } from './bridge-program.ts';
import { checkTensors } from './check-weights.ts';
import { networkInputs, networkTensors, resolveNetwork } from './encoder-decoder.ts';
import type { Graph } from './graph.ts';
import type { NetworkInput } from './input.ts';
import { compileNodes, through, type NodeProgram } from './nodes.ts';
import { findLayerKind, type LayerType } from './layers/registry.ts';
import { findLayerRun } from './layers/run-registry.ts';
import type { NetworkSpec } from './spec.ts';
import type { Weights } from './weights.ts';

/** The network that reads a source, and how its end becomes the start of the one that writes. */
export interface EncoderProgram extends BridgeProgram {
  readonly program: NetworkProgram;
  /** Bytes of its packed weights, the bridge's included. */
  readonly weightBytes: number;
}

/** The path that code really took, and why, in a sentence. */
export type CodePath = Pick<CompiledModule, 'path' | 'reason'>;

/** A network in the shared memory: plain data, cloned to every worker. */
export interface NetworkProgram {
  readonly module: WebAssembly.Module;
  readonly nodes: readonly NodeProgram[];
  readonly input: NetworkInput;
  readonly causal: boolean;
  /** The node that answers, and the one whose rows enter the head: an embedding of the sequence so far. */
  readonly output: number;
  readonly hidden: number;
  /** The last node whose rows depend on other steps or a source, −1 without one; the nodes after it need only the steps asked for. */
  readonly head: number;
  /** Width → the function that picks rows of that width. */
  readonly gathers: Readonly<Record<number, string>>;
  /** Memory to free when the network is unloaded. */
  readonly regions: readonly number[];
  readonly weightBytes: number;
  /** Of all its code: the plain path where any module took that. */
  readonly code: CodePath;
  /** What reads the source before this network writes, where there is one. */
  readonly encoder: EncoderProgram | null;
}

/**
 * Checks, packs and compiles a network; its weights then live in the kernel's memory until `freeNetwork`.
 * @throws UnrollError invalid_model, invalid_weights, out_of_memory
 */
export function compileNetwork(spec: NetworkSpec, weights: Weights, kernel: Kernel): NetworkProgram {
  const { input, source } = networkInputs(spec, weights);
  const network = resolveNetwork(spec, input, source);
  checkTensors(networkTensors(network), weights);
  const program = compileGraph(network.graph, input, weights, kernel);
  if (!network.encoder || !source) return program;
  let encoder: NetworkProgram | null = null;
  try {
    encoder = compileGraph(network.encoder.graph, source, weights, kernel);
    const bridge = compileBridge(network.encoder, network.graph, weights, kernel);
    const bytes = encoder.weightBytes + bridge.bridgeBytes;
    const codes = [program.code, encoder.code, bridge.code];
    const code = codes.find(({ path }) => path === 'plain') ?? program.code;
    return { ...program, code, encoder: { program: encoder, ...bridge, weightBytes: bytes } };
  } catch (error) {
    for (const part of [program, encoder]) if (part) freeNetwork(part, kernel);
    throw error;
  }
}

function compileGraph(graph: Graph, input: NetworkInput, weights: Weights, kernel: Kernel): NetworkProgram {
  const regions: number[] = [];
  let weightBytes = 0;
  const place = (length: number, fill: (values: Float32Array) => void): number => {
    const address = kernel.memory.allocate(length * 4);
    regions.push(address);
    weightBytes += length * 4;
    fill(new Float32Array(kernel.memory.memory.buffer, address, length));
    return address;
  };
  try {
    let nodes: NodeProgram[] = [];
    const gathers: Record<number, string> = {};
    const emit = (e: Emitter): void => {
      nodes = compileNodes(graph, { e, place, tensor: (name) => weights.get(name)!.values });
      const inputWidth = input.kind === 'features' ? input.width : 0;
      for (const width of [inputWidth, ...graph.nodes.map((node) => node.width)])
        if (width > 0) gathers[width] = emitGather(e, width);
    };
    const { module, ...code } = kernel.compile(emit);
    fillNodes(nodes, module, kernel);
    const head = nodes.findLastIndex(({ kind }) => findLayerRun(kind)?.acrossSteps);
    const output = through(nodes, graph.nodes.length - 1);
    const before = nodes[output]?.inputs[0] ?? -1;
    const hidden = head >= 0 ? head : before >= 0 ? before : output;
    const { causal } = graph;
    return {
      module,
      nodes,
      input,
      causal,
      output,
      hidden,
      head,
      gathers,
      regions,
      weightBytes,
      code,
      encoder: null,
    };
  } catch (error) {
    for (const region of regions) kernel.memory.free(region);
    if (error instanceof MemoryFull) throw new UnrollError('out_of_memory', error.message, { cause: error });
    throw error;
  }
}

export function freeNetwork(
  program: Pick<NetworkProgram, 'regions'> & { readonly encoder?: EncoderProgram | null },
  kernel: Kernel,
): void {
  for (const region of program.regions) kernel.memory.free(region);
  if (!program.encoder) return;
  for (const region of program.encoder.regions) kernel.memory.free(region);
  freeNetwork(program.encoder.program, kernel);
}

/** Lets layers fill what they placed by the network's own code. */
function fillNodes(nodes: readonly NodeProgram[], module: WebAssembly.Module, kernel: Kernel): void {
  const functions = instantiate(module, kernel.memory.memory);
  for (const node of nodes)
    if (node.kind !== 'same')
      findLayerKind(node.kind satisfies LayerType).fill?.(node, functions, nodes[node.inputs[0]!]);
}
