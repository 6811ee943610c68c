import { resolveGraph } from './graph.ts';
import { networkInput } from './find-input.ts';
import type { Rows } from './layers/layer-kind.ts';
import { findLayerKind } from './layers/registry.ts';
import type { NetworkSpec } from './spec.ts';
import type { Weights } from './weights.ts';

/**
 * Runs a network over one sequence in float64 by the layers' equations: the reference of tests and `unroll
 * import`.
 * @param sequence ids, or feature rows
 * @returns every layer's rows by layer name, and the output's: [steps][width]
 */
export function referenceNetwork(
  spec: NetworkSpec,
  weights: Weights,
  sequence: readonly number[] | Rows,
): { output: Rows; layers: ReadonlyMap<string, Rows> } {
  const graph = resolveGraph(spec, networkInput(spec, weights));
  const tensor = (name: string): Float32Array => weights.get(name)!.values;
  /** A step of several ids is a row of them. */
  const ids = (column: number): number[] =>
    sequence.map((step) => (typeof step === 'number' ? step : step[column]!));
  const values: Rows[] = [];
  const layers = new Map<string, Rows>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((index) => (index < 0 ? (sequence as Rows) : values[index]!));
    const rows = findLayerKind(node.type).reference(node, { inputs, tensor, ids });
    values.push(rows);
    layers.set(node.name, rows);
  }
  return { output: values.at(-1)!, layers };
}
