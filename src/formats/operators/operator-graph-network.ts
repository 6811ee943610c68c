import type { NetworkInput } from '../../network/input.ts';
import { listOperators } from '../../network/layers/operator-graph/pack-operators.ts';
import { graphInputWidth } from '../../operators/graph-input-width.ts';
import type { OperatorGraphSpec } from '../../network/layers/operator-graph/schema.ts';
import { networkSpec } from '../../network/spec.ts';
import type { Tensor } from '../../network/weights.ts';
import { UnrollError } from '../../errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';

/** Name of the single layer of an imported operator graph; its constants are tensors `operator_graph.<name>`. */
export const operatorGraphLayerName = 'operator_graph';

/**
 * Creates a network of one operator graph.
 * @param floats the float constants, which become tensors
 * @throws UnrollError invalid_model when an operator does not fit its inputs, or a limit is exceeded
 */
export function createOperatorGraphNetwork(
  layer: OperatorGraphSpec,
  floats: ReadonlyMap<string, Tensor>,
  notes: readonly string[],
): ImportedNetwork {
  const { success, data: network, error } = networkSpec.safeParse({ layers: [layer] });
  if (!success) {
    const { path, message } = error.issues[0]!;
    throw new UnrollError('invalid_model', `${path.slice(2).join('.')}: ${message}`);
  }
  const { vocabulary } = layer.input;
  const input: NetworkInput =
    vocabulary === undefined
      ? { kind: 'features', width: graphInputWidth(layer) }
      : { kind: 'ids', vocabulary };
  return {
    network,
    weights: new Map([...floats].map(([name, tensor]) => [`${operatorGraphLayerName}.${name}`, tensor])),
    input,
    notes,
  };
}

/** Lists a graph's operators with their counts: `Conv 2×, LSTM`. */
export function summarizeOperators(layer: OperatorGraphSpec): string {
  const counts = new Map<string, number>();
  for (const { operator } of listOperators(layer)) counts.set(operator, (counts.get(operator) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} ${count}×`)).join(', ');
}
