import type { OperatorGraphSpec } from '../../network/layers/operator-graph/schema.ts';
import { networkSpec } from '../../network/spec.ts';
import type { Tensor } from '../../network/weights.ts';
import type { SequenceView } from '../../operators/analysis/sequence-view.ts';
import { graphInputWidth } from '../../operators/graph-input-width.ts';
import { elementCount } from '../../operators/operand.ts';
import type { SignedGraph } from '../../operators/signature.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import { raiseView } from '../raise/raise-view.ts';
import { loopToSteps } from './loop-to-steps.ts';
import {
  createOperatorGraphNetwork,
  operatorGraphLayerName,
  summarizeOperators,
} from './operator-graph-network.ts';
import { viewToLayer } from './view-to-layer.ts';

/** How a graph becomes a network: layers, or one operator graph that runs once a step or once a sequence. */
export type Conversion = 'layers' | 'loop' | 'step' | 'sequence';

/** Lists the conversions that may fit a view, the best first. @param runs what model.json says */
export function listConversions(view: SequenceView, runs?: 'step' | 'sequence'): readonly Conversion[] {
  if (runs === 'step' || (!view.input.axes.includes('time') && runs === undefined)) return ['layers', 'step'];
  if (runs === 'sequence') return ['layers', 'sequence'];
  return ['layers', view.states.length > 0 ? 'step' : 'loop', 'sequence'];
}

/**
 * Converts a graph under its view to a network.
 * @param context numbers of the steps before that precede a step's own
 * @param nameLayer what the layer that computes a value is called
 * @throws UnrollError invalid_model where an operator does not fit its inputs
 */
export function convertView(
  conversion: Conversion,
  graph: SignedGraph,
  view: SequenceView,
  context = 0,
  nameLayer?: (value: string) => string,
): ImportedNetwork {
  if (conversion === 'layers') {
    if (context > 0) return invalidModel('layers have no context: graph.context is a part of a step');
    return raiseView(graph, view, nameLayer);
  }
  if (conversion === 'step') return stepNetwork(graph, view, context);
  const { layer, floats } = viewToLayer(graph, view, 'sequence');
  if (conversion === 'sequence') return createOperatorGraphNetwork(layer, floats, [describeRun(layer)]);
  const step = loopToSteps(layer, floats) ?? invalidModel('it is no loop over the steps');
  return withLast(step.layer, step.tensors, step.lastStepOnly, [
    describeRun(step.layer),
    'its loop over the steps of a sequence is run step by step; its carried values are the states',
  ]);
}

function stepNetwork(graph: SignedGraph, view: SequenceView, context: number): ImportedNetwork {
  const { layer, floats } = viewToLayer(graph, view, 'step', context);
  if (graphInputWidth(layer) < 1)
    invalidModel(
      `graph.context: ${context} numbers of context for a step of ${elementCount(layer.input.shape)}`,
    );
  const last = view.input.axes.includes('time') && view.output.time === null;
  return withLast(layer, floats, last, [describeRun(layer)]);
}

/** A network that is run step by step; its last step answers where the graph answers once. */
function withLast(
  layer: OperatorGraphSpec,
  floats: ReadonlyMap<string, Tensor>,
  lastStepOnly: boolean,
  notes: readonly string[],
): ImportedNetwork {
  const made = createOperatorGraphNetwork(layer, floats, notes);
  if (!lastStepOnly) return made;
  const last = { type: 'pool', mode: 'last', name: 'last' };
  return {
    ...made,
    network: networkSpec.parse({ layers: [{ ...layer, name: operatorGraphLayerName }, last] }),
  };
}

/** Says how a graph is run. */
function describeRun(layer: OperatorGraphSpec): string {
  const { runs, operators } = layer;
  return `runs as ${operators.length} operators, ${runs === 'step' ? 'once per step' : 'once per sequence'}: ${summarizeOperators(layer)}`;
}

/** Says what a graph's inputs and outputs are. */
export function describeView({ input, output, states, starts, lengths }: SequenceView): string[] {
  const axes = input.axes.map((axis) => (axis === 'time' ? 'steps' : axis)).join(', ');
  return [
    `${quote(input.name)} [${axes}] is the input, ${quote(output.name)} the output`,
    ...states.map(
      (state) => `${quote(state.input.name)} is a state with the next value ${quote(state.output.name)}`,
    ),
    ...starts.map(({ name }) => `${quote(name)} is the start of a recurrence: zeros`),
    ...lengths.map(({ name }) => `${quote(name)} is the number of steps`),
  ];
}
