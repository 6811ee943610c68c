import { exportGates } from '../../../cells/gate-orders.ts';
import { activationParameters, usualOptions } from '../../../cells/options.ts';
import { findCell } from '../../../cells/registry.ts';
import type { CellActivationSpec } from '../../../cells/recurrent-fields.ts';
import type { OperatorSpec } from '../../../operators/spec.ts';
import type { Tensor } from '../../../network/weights.ts';
import { invalidModel, quote } from '../../format-errors.ts';
import { requireWeights } from '../converted.ts';
import type { Config } from '../keras-config.ts';
import { requireField } from '../supported-fields.ts';
import {
  convertCell,
  parseMergeMode,
  collectNotes,
  countWeights,
  getWrappedCell,
  type CellSpec,
  type NamedTensors,
} from '../recurrent.ts';
import {
  replaceWidth,
  requireSequence,
  formatShape,
  type GraphBuilder,
  type GraphTensor,
} from './graph-builder.ts';
import type { KerasLayer } from '../keras-layer.ts';

// Recurrent layers as ONNX operators, one per direction, with the batch first: X [1, steps, in], Y [1, steps,
// 1, units], states [1, 1, units].

/**
 * Emits a recurrent layer.
 * @returns its rows or the last row, followed by the last states with `return_state`
 */
export function recurrent(
  layer: KerasLayer,
  [x, ...states]: readonly GraphTensor[],
  graph: GraphBuilder,
): readonly GraphTensor[] {
  const { className, config } = layer;
  const weights = requireWeights(layer, countWeights(config));
  const reverse = config['go_backwards'] === true;
  const direction = createDirection(className, config, weights, x!, graph);
  const { output, ends } = emitDirection(direction, x!, states, reverse, graph);
  // Keras returns the rows of go_backwards in the order of computation
  return [reverse && direction.sequences ? reverseSteps(output, graph) : output, ...ends];
}

/**
 * Emits a Bidirectional.
 * @returns the directions merged or separate, followed by the last states of each with `return_state`
 */
export function bidirectional(
  layer: KerasLayer,
  [x, ...states]: readonly GraphTensor[],
  graph: GraphBuilder,
): readonly GraphTensor[] {
  const { config } = layer;
  const forward = getWrappedCell(config['layer']);
  const separate = config['backward_layer'];
  const backward = separate === undefined || separate === null ? forward : getWrappedCell(separate);
  if (forward.own['go_backwards'] === true) invalidModel('its forward layer has go_backwards');
  const first = countWeights(forward.own);
  const weights = requireWeights(layer, first + countWeights(backward.own));
  const half = states.length / 2;
  if (!Number.isInteger(half))
    invalidModel(`has ${states.length} initial states, must have the same number for each direction`);
  const directions = [
    { ...forward, weights: weights.slice(0, first), states: states.slice(0, half), reverse: false },
    { ...backward, weights: weights.slice(first), states: states.slice(half), reverse: true },
  ].map((one) => {
    const direction = createDirection(one.className, one.own, one.weights, x!, graph);
    return { ...direction, ...emitDirection(direction, x!, one.states, one.reverse, graph) };
  });
  const [one, other] = directions as [(typeof directions)[number], (typeof directions)[number]];
  if (one.sequences !== other.sequences) invalidModel('its backward layer has a different return_sequences');
  const both = mergeDirections(parseMergeMode(config), [one.output, other.output], graph);
  return [...both, ...one.ends, ...other.ends];
}

/** One direction of a layer as an operator. */
interface Direction {
  readonly spec: CellSpec;
  /** Names of the constants W, R and B. */
  readonly weights: readonly string[];
  readonly attributes: NonNullable<OperatorSpec['attributes']>;
  /** Whether all rows are output. */
  readonly sequences: boolean;
  /** Whether the last states are output. */
  readonly returnsStates: boolean;
}

function createDirection(
  className: string,
  config: Config,
  weights: readonly Tensor[],
  x: GraphTensor,
  graph: GraphBuilder,
): Direction {
  requireField(config, 'time_major', [false]);
  const { width } = requireSequence(x);
  const { spec, tensors } = convertCell(className, config, weights, width, graph.version);
  for (const note of collectNotes(config)) graph.addNote(note);
  const part = createGateExporter(spec, tensors);
  const [w, r] = [part('weight_ih'), part('weight_hh')];
  const [inputBias, recurrentBias] = [part('bias_ih').values, part('bias_hh').values];
  const biases = new Float32Array(2 * inputBias.length);
  biases.set(inputBias);
  biases.set(recurrentBias, inputBias.length);
  const one = ({ shape, values }: Tensor): string => graph.constant({ shape: [1, ...shape], values });
  return {
    spec,
    weights: [one(w), one(r), one({ shape: [biases.length], values: biases })],
    attributes: {
      layout: 1,
      ...(findCell({ cell: spec.cell }).resetBefore && {
        linear_before_reset: spec.reset === 'after' ? 1 : 0,
      }),
      ...activationAttributes(spec),
    },
    sequences: config['return_sequences'] === true,
    returnsStates: config['return_state'] === true,
  };
}

function emitDirection(
  { spec, weights, attributes, sequences, returnsStates }: Direction,
  x: GraphTensor,
  states: readonly GraphTensor[],
  reverse: boolean,
  graph: GraphBuilder,
): { output: GraphTensor; ends: readonly GraphTensor[] } {
  const { units } = spec;
  const cell = findCell({ cell: spec.cell });
  const count = cell.states.length;
  if (states.length > 0 && states.length !== count)
    invalidModel(`has ${states.length} initial states, must have ${count}`);
  const initial = states.map(({ value, shape }) =>
    shape.length === 1 && shape[0] === units
      ? graph.add('Unsqueeze', [value], { axes: [1] })
      : invalidModel(`has an initial state of ${formatShape(shape)}, must be [${units}]`),
  );
  const [y, ...ends] = graph.addMany(
    cell.sources.onnx!.operator,
    [x.value, ...weights, ...(initial.length > 0 ? ['', ...initial] : [])],
    1 + count,
    { ...attributes, ...(reverse && { direction: 'reverse' }) },
  );
  const toLastState = (end: string): GraphTensor => ({
    value: graph.add('Squeeze', [end], { axes: [1] }),
    shape: [units],
  });
  return {
    output: sequences
      ? { value: graph.add('Squeeze', [y!], { axes: [2] }), shape: [x.shape[0]!, units] }
      : toLastState(ends[0]!),
    ends: returnsStates ? ends.map(toLastState) : [],
  };
}

function reverseSteps(x: GraphTensor, graph: GraphBuilder): GraphTensor {
  // from the last step to before the first
  const [from, to, axis, by] = [[-1], [-(2 ** 31)], [1], [-1]].map((one) => graph.numbers(one));
  return { value: graph.add('Slice', [x.value, from!, to!, axis!, by!]), shape: x.shape };
}

function mergeDirections(
  merge: ReturnType<typeof parseMergeMode>,
  both: [GraphTensor, GraphTensor],
  graph: GraphBuilder,
): readonly GraphTensor[] {
  const [one, other] = both;
  if (merge === null) return both;
  const values = [one.value, other.value];
  const units = [one, other].map(({ shape }) => shape.at(-1)!);
  if (merge === 'concat')
    return [
      {
        value: graph.add('Concat', values, { axis: one.shape.length }),
        shape: replaceWidth(one.shape, units[0]! + units[1]!),
      },
    ];
  if (units[0] !== units[1]) invalidModel(`merge_mode ${quote(merge)} of ${units.join(' and ')} units`);
  return [
    {
      value: graph.add(({ sum: 'Add', mul: 'Mul', ave: 'Mean' } as const)[merge], values),
      shape: one.shape,
    },
  ];
}

/** Returns a function that gets a tensor by name, with its gates in ONNX's order. */
const createGateExporter =
  ({ cell }: CellSpec, tensors: NamedTensors) =>
  (part: string): Tensor =>
    exportGates(tensors.find(([name]) => name === part)![1], findCell({ cell }), 'onnx');

/** Creates ONNX's activation attributes: f, g, h with alpha and beta. */
function activationAttributes({ cell, activation, activations = {} }: CellSpec): Direction['attributes'] {
  if (!activation && Object.keys(activations).length === 0) return {};
  const all = findCell({ cell }).activations.map(
    (role) =>
      activations[role] ??
      ({
        type: (role === 'candidate' ? activation : undefined) ?? usualOptions[role].type,
      } as CellActivationSpec),
  );
  const numbers = (name: 'alpha' | 'beta'): number[] =>
    all.flatMap((one) => {
      const defaultValue = (activationParameters[one.type] as Partial<Record<typeof name, number | null>>)[
        name
      ];
      const given = (one as Partial<Record<typeof name, number>>)[name];
      return defaultValue === undefined ? [] : [given ?? defaultValue ?? 1];
    });
  return {
    activations: all.map(({ type }) =>
      type.replaceAll(/(^|_)[a-z]/g, (first) => first.at(-1)!.toUpperCase()),
    ),
    activation_alpha: numbers('alpha'),
    activation_beta: numbers('beta'),
  };
}
