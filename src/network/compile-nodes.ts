import type { Graph } from './graph.ts';
import type { CompileContext } from './layers/layer.ts';
import { findLayerKind, type LayerKinds, type LayerType } from './layers/registry.ts';

/** A node whose rows are those of its input, such as dropout. */
interface AliasNode {
  readonly kind: 'alias';
}

type CompiledLayers = { [T in LayerType]: NonNullable<ReturnType<LayerKinds[T]['compile']>> }[LayerType];

/** A node as plain data, cloned to every worker. */
export type CompiledNode = (CompiledLayers | AliasNode) & {
  /** Nodes read, with aliases resolved; −1 is the network's input. */
  readonly inputs: readonly number[];
  readonly width: number;
};

/** Compiles a graph's nodes in order. */
export function compileNodes(
  graph: Graph,
  context: Omit<CompileContext, 'inputWidths' | 'before'>,
): CompiledNode[] {
  const nodes: CompiledNode[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((index) => resolveAlias(nodes, index));
    const inputWidths = inputs.map((index) => (index < 0 ? graph.inputWidth : nodes[index]!.width));
    const before = nodes[inputs[0]!];
    const compiled = findLayerKind(node.type).compile(node, { ...context, inputWidths, before });
    nodes.push({ ...((compiled ?? { kind: 'alias' }) as CompiledNode), inputs, width: node.width });
  }
  return nodes;
}

/** Resolves an alias to the node whose rows it has. A node's own inputs are resolved already. */
export function resolveAlias(nodes: readonly CompiledNode[], index: number): number {
  const node = nodes[index];
  return node?.kind === 'alias' ? node.inputs[0]! : index;
}
