import type { NetworkInput } from '../../network/input.ts';
import { operatorsOf } from '../../network/layers/operator-graph/compile.ts';
import { graphInputWidth } from '../../operators/graph-input-width.ts';
import type { ProgramSpec } from '../../network/layers/operator-graph/schema.ts';
import { networkSpec } from '../../network/spec.ts';
import type { Tensor } from '../../network/weights.ts';
import { UnrollError } from '../../errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import { inferOutput } from './infer-output.ts';

/** What the one layer of a foreign network is called that runs as a program; its constants are `program.<name>`. */
export const operatorGraphLayerName = 'program';

/**
 * A network of one program, told what it answers with.
 * @param floats the constants that are tensors
 * @throws UnrollError invalid_model where an operator does not fit what it reads, or past our limits
 */
export function createOperatorGraphNetwork(
  draft: ProgramSpec,
  floats: ReadonlyMap<string, Tensor>,
  notesOf: (layer: ProgramSpec) => readonly string[],
): ImportedNetwork {
  const layer = inferOutput(draft, floats);
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
    notes: notesOf(layer),
  };
}

/** How often which operator: `Conv 2×, LSTM`. */
export function summarizeOperators(layer: ProgramSpec): string {
  const counts = new Map<string, number>();
  for (const { operator } of operatorsOf(layer)) counts.set(operator, (counts.get(operator) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} ${count}×`)).join(', ');
}
