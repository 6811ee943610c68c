import type { ImportedNetwork } from '../formats/imported-network.ts';
import { countOutputRows, isSequenceToOne } from '../network/sequence-to-one.ts';
import { resolveGraph } from '../network/graph.ts';
import { findLayerKind } from '../network/layers/registry.ts';

/** A network in lines, for a person: its layers with what they read and give, and how it would serve. */
export function formatNetwork({ network, input, text, notes, weights }: ImportedNetwork): string[] {
  const { nodes, causal } = resolveGraph(network, input);
  const numbers = [...weights.values()].reduce((sum, { values }) => sum + values.length, 0);
  const reads =
    input.kind === 'ids'
      ? `one of ${input.vocabulary} ${text ? 'tokens of a text' : 'ids'} a step`
      : `${input.width} numbers a step`;
  const columns = nodes.map((node) => [
    node.name,
    `${node.type}: ${findLayerKind(node.type).describe(node.layer)}`,
    `${node.inputWidths.join(' + ') || 'id'} → ${node.width}`,
  ]);
  const widths = [0, 1].map((column) => Math.max(...columns.map((row) => row[column]!.length)));
  const rows = countOutputRows(network);
  const width = nodes.at(-1)!.width / rows;
  return [
    `network: ${nodes.length} layers, ${numbers.toLocaleString('en')} numbers`,
    ...columns.map((row) => `  ${row[0]!.padEnd(widths[0]!)}  ${row[1]!.padEnd(widths[1]!)}  ${row[2]}`),
    `reads ${reads}, gives ${rows > 1 ? `${rows} rows of ` : ''}${width} numbers${isSequenceToOne(network) ? ' a sequence' : ' a step'}`,
    causal ? 'runs step by step and keeps its state' : 'reads ahead: whole sequences, no state between calls',
    ...notes.map((note) => `note: ${note}`),
  ];
}
