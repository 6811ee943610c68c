import { placeWeights } from './place-weights.ts';
import type { Emitter } from '../kernel/emit/emitter.ts';
import type { CompiledModule } from '../kernel/compile-checked.ts';
import { emitGather } from '../kernel/emit/rows.ts';
import { instantiate } from '../kernel/instantiate.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { MemoryFull } from '../kernel/memory.ts';
import { UnrollError } from '../errors.ts';
import { compileBridge, type CompiledBridge } from './compile-bridge.ts';
import { checkTensors } from './check-weights.ts';
import { networkInputs, networkTensors, resolveNetwork, type ResolvedNetwork } from './encoder-decoder.ts';
import type { Graph } from './graph.ts';
import type { NetworkInput } from './input.ts';
import { compileNodes, resolveAlias, type CompiledNode } from './compile-nodes.ts';
import { findLayerKind, type LayerType } from './layers/registry.ts';
import { findLayerRun } from './layers/run-registry.ts';
import type { NetworkSpec } from './spec.ts';
import type { Weights } from './weights.ts';
import type { Precision } from '../kernel/precision.ts';

/** The encoder, and the bridge from its last state to the decoder's first. */
export interface CompiledEncoder extends CompiledBridge {
  readonly network: CompiledNetwork;
  /** Bytes of its packed weights, the bridge's included. */
  readonly weightBytes: number;
}

/** The code path of a module, and the reason for it in a sentence. */
export type CodePath = Pick<CompiledModule, 'path' | 'reason'>;

/** A network in the shared memory: plain data, cloned to every worker. */
export interface CompiledNetwork {
  readonly module: WebAssembly.Module;
  /** The functions that report inside values (inside.ts). */
  readonly observer: WebAssembly.Module;
  readonly nodes: readonly CompiledNode[];
  readonly input: NetworkInput;
  readonly causal: boolean;
  /** The output node, and the node whose rows enter the head: an embedding of the sequence so far. */
  readonly output: number;
  readonly hidden: number;
  /**
   * The last node whose rows depend on other steps or a source, −1 without one; the nodes after it run for
   * the requested steps only.
   */
  readonly head: number;
  /** Width → the function that picks rows of that width. */
  readonly gathers: Readonly<Record<number, string>>;
  /** Memory to free when the network is unloaded. */
  readonly regions: readonly number[];
  readonly weightBytes: number;
  /** The code path of all modules: plain if any of them is. */
  readonly code: CodePath;
  /** Null unless the network is a decoder. */
  readonly encoder: CompiledEncoder | null;
}

/**
 * Checks, packs and compiles a network; its weights then live in the kernel's memory until `freeNetwork`.
 * @param precision of the weights of recurrent and dense layers
 * @throws UnrollError invalid_model, invalid_weights, out_of_memory
 */
export function compileNetwork(
  spec: NetworkSpec,
  weights: Weights,
  kernel: Kernel,
  precision: Precision = 'float32',
): CompiledNetwork {
  const { input, source } = networkInputs(spec, weights);
  const network = resolveNetwork(spec, input, source);
  checkTensors(networkTensors(network), weights);
  checkPrecision(network, precision);
  const compiled = compileGraph(network.graph, input, weights, kernel, {
    observed: !network.encoder,
    precision,
  });
  if (!network.encoder || !source) return compiled;
  let encoder: CompiledNetwork | null = null;
  try {
    encoder = compileGraph(network.encoder.graph, source, weights, kernel, { observed: false, precision });
    const bridge = compileBridge(network.encoder, network.graph, weights, kernel);
    const bytes = encoder.weightBytes + bridge.bridgeBytes;
    const codes = [compiled.code, encoder.code, bridge.code];
    const code = codes.find(({ path }) => path === 'plain') ?? compiled.code;
    return { ...compiled, code, encoder: { network: encoder, ...bridge, weightBytes: bytes } };
  } catch (error) {
    for (const part of [compiled, encoder]) if (part) freeNetwork(part, kernel);
    throw error;
  }
}

/** @throws UnrollError invalid_model where there is nothing to quantise */
function checkPrecision({ graph, encoder }: ResolvedNetwork, precision: Precision): void {
  const nodes = [...graph.nodes, ...(encoder?.graph.nodes ?? [])];
  if (precision === 'float32' || nodes.some(({ type }) => type === 'recurrent' || type === 'dense')) return;
  throw new UnrollError(
    'invalid_model',
    `precision: is of recurrent and dense layers, the network has none: was ${precision}`,
    { field: 'precision' },
  );
}

/** @param options.observed whether its layers report inside values */
function compileGraph(
  graph: Graph,
  input: NetworkInput,
  weights: Weights,
  kernel: Kernel,
  { observed, precision }: { readonly observed: boolean; readonly precision: Precision },
): CompiledNetwork {
  const placed = placeWeights(kernel);
  const { place, placeUntilFilled, regions } = placed;
  try {
    let nodes: CompiledNode[] = [];
    const gathers: Record<number, string> = {};
    const emit = (e: Emitter, observer: Emitter | null): void => {
      nodes = compileNodes(graph, {
        e,
        observer,
        place,
        placeUntilFilled,
        precision,
        tensor: (name) => weights.get(name)!.values,
      });
      const inputWidth = input.kind === 'features' ? input.width : 0;
      for (const width of [inputWidth, ...graph.nodes.map((node) => node.width)])
        if (width > 0) gathers[width] = emitGather(e, width);
    };
    let compiled!: CompiledModule;
    const observer = kernel.compileLazily(
      (lazy) => (compiled = kernel.compile((e) => emit(e, observed ? lazy : null))),
    );
    const { module, ...code } = compiled;
    fillNodes(nodes, module, kernel);
    placed.freeFilled();
    const head = nodes.findLastIndex(({ kind }) => findLayerRun(kind)?.acrossSteps);
    const output = resolveAlias(nodes, graph.nodes.length - 1);
    const before = nodes[output]?.inputs[0] ?? -1;
    const hidden = head >= 0 ? head : before >= 0 ? before : output;
    const { causal } = graph;
    return {
      module,
      observer,
      nodes,
      input,
      causal,
      output,
      hidden,
      head,
      gathers,
      regions,
      weightBytes: placed.bytes,
      code,
      encoder: null,
    };
  } catch (error) {
    placed.free();
    if (error instanceof MemoryFull) throw new UnrollError('out_of_memory', error.message, { cause: error });
    throw error;
  }
}

export function freeNetwork(
  compiled: Pick<CompiledNetwork, 'regions'> & { readonly encoder?: CompiledEncoder | null },
  kernel: Kernel,
): void {
  for (const region of compiled.regions) kernel.memory.free(region);
  if (!compiled.encoder) return;
  for (const region of compiled.encoder.regions) kernel.memory.free(region);
  freeNetwork(compiled.encoder.network, kernel);
}

/** Fills placed memory whose values the network's own code computes. */
function fillNodes(nodes: readonly CompiledNode[], module: WebAssembly.Module, kernel: Kernel): void {
  const functions = instantiate(module, kernel.memory.memory);
  for (const node of nodes)
    if (node.kind !== 'alias')
      findLayerKind(node.kind satisfies LayerType).fill?.(node, functions, nodes[node.inputs[0]!]);
}
