import { cellOfOperator } from '../../cells/registry.ts';
import { UnrollError } from '../../errors.ts';
import { resolveGraph } from '../../network/graph.ts';
import { evaluateGraph, createInput, type Evaluation } from '../../operators/analysis/evaluate-graph.ts';
import { shapeFor, type SequenceView, type ViewInput } from '../../operators/analysis/sequence-view.ts';
import { elementCount, type Operand } from '../../operators/operand.ts';
import type { SignedGraph } from '../../operators/signature.ts';
import { keepNeeded } from '../../operators/get-bodies.ts';
import type { OperatorSpec } from '../../operators/spec.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import { layersToNetwork } from '../layers-to-network.ts';
import { findAttentionPools, raiseAttentionPool } from './attention-pool.ts';
import { computingOperators } from './compute-rows.ts';
import { createDraft, type Rows } from './layer-draft.ts';
import { movingOperators } from './move-rows.ts';
import { requireRows, type Raise, type RaiseContext, type SizedValue } from './raise-context.ts';
import { raiseRecurrent } from './raise-recurrent.ts';
import { inlineBranches } from './inline-branches.ts';
import { mergePads } from './merge-pads.ts';
import { replaceMovedEnds } from './moved-ends.ts';
import { checkStepStates } from './step-states.ts';
import { recogniseCells } from './written-out-cells.ts';

// Raising: a graph under its view becomes a stack of layers, which batch by step. One sequence is raised: an axis of
// batch has size 1 and states are zeros, so that what follows from them and from shapes is constant. A graph that is
// called once a step has no axis of time: each of its values is one row, and its states are those of the layers.

/** Pairs of lengths that are tried: large enough for windows, and no size of anything else. */
const triedLengths = [
  [97, 89],
  [1613, 1627],
] as const;

/**
 * Raises a graph to layers.
 * @param nameLayer what the layer that computes a value is called
 * @throws UnrollError invalid_model with every operator that no layer computes, and where it is
 */
export function raiseView(
  given: SignedGraph,
  view: SequenceView,
  nameLayer?: (value: string) => string,
): ImportedNetwork {
  if (view.steps !== undefined) return invalidModel('it has no axis of steps that may have any length');
  const isStep = !view.input.axes.includes('time');
  const graph = isStep ? recogniseCells(given, view) : given;
  const { lengths, evaluations } = evaluateTwice(graph, view, isStep ? [[1, 1]] : triedLengths);
  const operators = mergePads(inlineBranches(graph.operators, evaluations), evaluations);
  const source = { view, lengths, evaluations, nameLayer };
  if (isStep) {
    checkStepStates(graph, view, new Set(keepNeeded(operators, [view.output.value])));
    return raiseOperators(operators, source);
  }
  try {
    return raiseOperators(operators, source);
  } catch (error) {
    const moved = error instanceof UnrollError ? replaceMovedEnds(graph, view, operators) : null;
    if (!moved) throw error;
    return raiseOperators(moved.operators, {
      ...source,
      evaluations: evaluations.map((one) => ({
        ...one,
        operand: (name) => one.operand(moved.names.get(name) ?? name),
      })),
    });
  }
}

/** @throws UnrollError invalid_model as `raiseView` does */
function raiseOperators(
  operators: readonly OperatorSpec[],
  {
    view,
    lengths,
    evaluations,
    nameLayer,
  }: {
    readonly view: SequenceView;
    readonly lengths: readonly [number, number];
    /** For both lengths. */
    readonly evaluations: readonly Evaluation[];
    readonly nameLayer: ((value: string) => string) | undefined;
  },
): ImportedNetwork {
  const isStep = !view.input.axes.includes('time');
  const needed = new Set(keepNeeded(operators, [view.output.value]));
  const rows = new Map<string, Rows>([[view.input.value, { layer: 'input', end: null }]]);
  const stepsRead = new Set<string>();
  const context: RaiseContext = {
    lengths,
    isStep,
    draft: createDraft((layer) => stepsRead.has(layer), nameLayer),
    sized: (name) => toSized(evaluations.map(({ operand }) => operand(name)) as [Operand, Operand], lengths),
    findRows: (name) => rows.get(name) ?? null,
    constant(name, label) {
      const [first, second] = evaluations.map(({ operand }) => operand(name ?? ''));
      const { shape, values, known } = first!;
      const same =
        second!.shape.join() === shape.join() && values.every((value, i) => value === second!.values[i]);
      if (!known || !second!.known || !same) return invalidModel(`${label} is not a constant`);
      return { shape, values: Float32Array.from(values) };
    },
    hasSingleReader: (layer) =>
      [...rows].every(
        ([name, own]) =>
          own.layer !== layer ||
          operators.filter((one) => needed.has(one) && one.inputs.includes(name)).length <= 1,
      ),
    isRead: (name = '') =>
      name !== '' &&
      (name === view.output.value || operators.some((one) => needed.has(one) && one.inputs.includes(name))),
  };
  const missing: string[] = [];
  const { pools, parts } = findAttentionPools(operators);
  for (const operator of operators) {
    const isConstant = operator.outputs.every(
      (name) => name === '' || evaluations.every(({ operand }) => operand(name).known),
    );
    if (!needed.has(operator) || isConstant || parts.has(operator)) continue;
    // an operator that was not raised is reported itself, its readers are not
    const pool = pools.get(operator);
    if (missing.length > 0 && !pool && operator.inputs.some((name) => isMissing(name, rows, evaluations)))
      continue;
    try {
      const raised = (pool ? raiseAttentionPool(pool) : findRaise(operator))(operator, context);
      operator.outputs.forEach((name, i) => name !== '' && raised[i] && rows.set(name, raised[i]));
      if (cellOfOperator(operator.operator) !== undefined && context.isRead(operator.outputs[0]))
        stepsRead.add(raised[0]!.layer);
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      missing.push(`${operator.operator} ${quote(operator.outputs[0])}: ${error.message}`);
    }
  }
  if (missing.length > 0)
    invalidModel(`${missing.length} operators cannot be converted: ${missing.slice(0, 10).join('; ')}`);

  const { draft, sized } = context;
  const last = draft.resolveRows(requireRows(context, view.output.value));
  if ((sized(view.output.value).time === null) !== (view.output.time === null))
    invalidModel('its output has other rows than the steps');
  if (last !== draft.layers.at(-1)?.['name'])
    invalidModel(`the output comes from ${quote(last)}, which is not the last layer`);
  const network = layersToNetwork(draft.layers);
  const width = elementCount(view.input.axes.map((axis) => (typeof axis === 'number' ? axis : 1)));
  const input =
    view.vocabulary === undefined
      ? { kind: 'features' as const, width }
      : { kind: 'ids' as const, vocabulary: view.vocabulary };
  resolveGraph(network, input);
  return { network, weights: draft.weights, input, notes: [] };
}

/** Shapes and constants for two lengths of one sequence from states of zeros. @param tried pairs of lengths */
function evaluateTwice(
  graph: SignedGraph,
  view: SequenceView,
  tried: readonly (readonly [number, number])[],
): { lengths: readonly [number, number]; evaluations: readonly Evaluation[] } {
  const evaluate = (steps: number): Evaluation => {
    const known = (input: ViewInput, value: number): [string, Operand] => [
      input.value,
      { ...createInput(input, shapeFor(input, 1, steps), () => value), known: true },
    ];
    return evaluateGraph(
      graph,
      new Map<string, Operand>([
        ...view.set,
        [view.input.value, createInput(view.input, shapeFor(view.input, 1, steps), () => 0)],
        ...[...view.starts, ...view.states.map(({ input }) => input)].map((input) => known(input, 0)),
        ...view.lengths.map((input) => known(input, steps)),
      ]),
      'shapes',
    );
  };
  let failure: unknown;
  for (const lengths of tried)
    try {
      return { lengths, evaluations: lengths.map(evaluate) };
    } catch (error) {
      failure ??= error;
    }
  throw failure;
}

/** @throws UnrollError invalid_model where more than one axis grows, or not like the steps */
function toSized(operands: SizedValue['operands'], lengths: readonly [number, number]): SizedValue {
  const [{ shape }, { shape: other }] = operands;
  const growing = shape.flatMap((size, axis) => (size === other[axis] ? [] : [axis]));
  const [time = null] = growing;
  const isTime = time === null || (shape[time] === lengths[0] && other[time] === lengths[1]);
  if (shape.length !== other.length || growing.length > 1 || !isTime)
    invalidModel(`[${shape.join(', ')}] for ${lengths[0]} steps has not one row a step`);
  return { operands, time, width: elementCount(shape.filter((_, axis) => axis !== time)) };
}

const isMissing = (
  name: string,
  rows: ReadonlyMap<string, Rows>,
  evaluations: readonly Evaluation[],
): boolean => name !== '' && !rows.has(name) && !evaluations.every(({ operand }) => operand(name).known);

const raises: Readonly<Record<string, Raise>> = {
  RNN: raiseRecurrent,
  GRU: raiseRecurrent,
  LSTM: raiseRecurrent,
  ...movingOperators,
  ...computingOperators,
};

const findRaise = ({ operator }: OperatorSpec): Raise =>
  Object.hasOwn(raises, operator) ? raises[operator]! : invalidModel('the operator is not supported');
