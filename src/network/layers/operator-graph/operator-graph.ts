import type { CompiledOperatorGraph } from './compiled.ts';
import { graphInputWidth } from '../../../operators/graph-input-width.ts';
import { referenceGraph, referenceSweeps } from '../../../operators/reference-graph.ts';
import type { LayerKind, LayerNode } from '../layer-kind.ts';
import { compileOperatorGraph } from './compile.ts';
import { operatorGraphSchema, type OperatorGraphSpec } from './schema.ts';

/** Its tensors by the names of its constants. */
export type OperatorGraphNode = LayerNode<OperatorGraphSpec, Readonly<Record<string, string>>>;

const readsIds = ({ input }: OperatorGraphSpec): boolean => input.vocabulary !== undefined;

/** Operators of an imported network (src/operators), at every step or once over all steps. Inference only. */
export const operatorGraph = {
  schema: operatorGraphSchema,
  readsIds,
  inputEvidence: (layer) =>
    layer.input.vocabulary === undefined
      ? { from: 'spec', input: 'features', width: graphInputWidth(layer) }
      : { from: 'spec', input: 'ids', vocabulary: layer.input.vocabulary },
  looksAhead: ({ runs }) => runs === 'sequence',
  isSequenceToOne: ({ output }) => output.gives === 'sequence',
  countOutputRows: ({ output }) => output.rows ?? 1,
  findRowSteps: ({ output }) => output.every ?? null,
  describe: ({ operators, runs, output }) =>
    `${operators.length} operators, every ${runs}${output.rows ? `, ${output.rows} rows` : ''}`,

  resolve(layer, { name, inputs, inputWidths, ids, fail }): OperatorGraphNode {
    const takesIds = readsIds(layer);
    if (takesIds && ids === null)
      fail('an operator graph of ids must read the network input, and that must be ids');
    const width = graphInputWidth(layer);
    if (!takesIds && width !== inputWidths[0]) fail(`reads ${width} columns, there are ${inputWidths[0]}`);
    const { gives, rows = 1 } = layer.output;
    if ((gives === 'rows') !== (layer.output.every !== undefined))
      fail('is for gives: rows, which needs it', 'output.every');
    if (rows > 1 && gives !== 'sequence') fail('a step answers with one row', 'output.rows');
    if (layer.units % rows !== 0) fail(`${layer.units} numbers in ${rows} rows`, 'output.rows');
    const constants = Object.entries(layer.constants);
    const tensors = Object.fromEntries(constants.map(([one]) => [one, `${name}.${one}`]));
    const shapes = constants.map(([one, shape]) => [`${name}.${one}`, shape] as const);
    return { name, inputs, inputWidths, type: 'operator_graph', width: layer.units, layer, tensors, shapes };
  },

  compile: ({ layer, tensors }, context): CompiledOperatorGraph =>
    compileOperatorGraph(layer, tensors, context),

  reference: ({ layer, tensors }, { inputs, ids, tensor }) =>
    referenceGraph(
      layer,
      (name) => tensor(tensors[name]!),
      readsIds(layer) ? ids(0).map((id) => [id]) : inputs[0]!,
      referenceSweeps,
    ),
} satisfies LayerKind<OperatorGraphSpec, OperatorGraphNode, CompiledOperatorGraph>;
