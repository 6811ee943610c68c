import type { ForeignNetwork } from '../formats/imported-network.ts';
import { answerRows, answersOnce } from '../network/answers-once.ts';
import { resolveGraph, type Node } from '../network/graph.ts';
import { describeOptions, describeVariant } from '../network/layers/cell-options.ts';

/**
 * Formats a network as lines of text: its layers with their widths, inputs and outputs, and how it can be
 * served.
 */
export function formatNetwork({ network, input, notes, weights }: ForeignNetwork): string[] {
  const { nodes, causal } = resolveGraph(network, input);
  const numbers = [...weights.values()].reduce((sum, { values }) => sum + values.length, 0);
  const reads =
    input.kind === 'ids' ? `one of ${input.vocabulary} ids a step` : `${input.width} numbers a step`;
  const columns = nodes.map((node) => [
    node.name,
    formatLayer(node),
    `${node.inputWidths.join(' + ') || 'id'} → ${node.width}`,
  ]);
  const widths = [0, 1].map((column) => Math.max(...columns.map((row) => row[column]!.length)));
  const rows = answerRows(network);
  const width = nodes.at(-1)!.width / rows;
  return [
    `network: ${nodes.length} layers, ${numbers.toLocaleString('en')} numbers`,
    ...columns.map((row) => `  ${row[0]!.padEnd(widths[0]!)}  ${row[1]!.padEnd(widths[1]!)}  ${row[2]}`),
    `reads ${reads}, gives ${rows > 1 ? `${rows} rows of ` : ''}${width} numbers${answersOnce(network) ? ' a sequence' : ' a step'}`,
    causal ? 'runs step by step and keeps its state' : 'reads ahead: whole sequences, no state between calls',
    ...notes.map((note) => `note: ${note}`),
  ];
}

function formatLayer({ type, layer }: Node): string {
  if (layer.type === 'recurrent') {
    const { cell, units, bidirectional, merge, backward_at: at } = layer;
    const variant = describeVariant(layer);
    const direction = bidirectional ? [`both ways (${merge}${at === 'first' ? ' of their ends' : ''})`] : [];
    return [
      `${cell} of ${units}`,
      ...(variant ? [variant] : []),
      ...direction,
      ...describeOptions(layer),
    ].join(', ');
  }
  if (layer.type === 'dense') return layer.activation === 'linear' ? 'dense' : `dense, ${layer.activation}`;
  if (layer.type === 'conv1d') {
    const dilation = layer.dilation > 1 ? ` ${layer.dilation} apart` : '';
    return `${layer.padding} convolution of ${layer.kernel} steps${dilation}, ${layer.activation}`;
  }
  if (layer.type === 'pool') return `${layer.mode} of the steps`;
  if (layer.type === 'program') return `${layer.operators.length} operators`;
  return type;
}
