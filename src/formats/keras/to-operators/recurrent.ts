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

// Cells as ONNX's operators, a direction each, with the batch first: X [1, steps, in], Y [1, steps, 1, units], states [1, 1, units].

/** Gives its rows or the last of them, and with `return_state` its last states after that. */
export function recurrent(
  layer: KerasLayer,
  [x, ...states]: readonly GraphTensor[],
  graph: GraphBuilder,
): readonly GraphTensor[] {
  const { className, config } = layer;
  const weights = requireWeights(layer, countWeights(config));
  const reverse = config['go_backwards'] === true;
  const direction = directionOf(className, config, weights, x!, graph);
  const { answer, ends } = swept(direction, x!, states, reverse, graph);
  // Keras hands the rows on in the order it made them
  return [reverse && direction.sequences ? reversed(answer, graph) : answer, ...ends];
}

/** Gives both directions as one, or one after the other, and with `return_state` the last states of each. */
export function bidirectional(
  layer: KerasLayer,
  [x, ...states]: readonly GraphTensor[],
  graph: GraphBuilder,
): readonly GraphTensor[] {
  const { config } = layer;
  const forward = getWrappedCell(config['layer']);
  const said = config['backward_layer'];
  const backward = said === undefined || said === null ? forward : getWrappedCell(said);
  if (forward.own['go_backwards'] === true) invalidModel('its forward layer has go_backwards');
  const first = countWeights(forward.own);
  const weights = requireWeights(layer, first + countWeights(backward.own));
  const half = states.length / 2;
  if (!Number.isInteger(half))
    invalidModel(`starts from ${states.length} states, must be as many for each way`);
  const ways = [
    { ...forward, weights: weights.slice(0, first), states: states.slice(0, half), reverse: false },
    { ...backward, weights: weights.slice(first), states: states.slice(half), reverse: true },
  ].map((way) => {
    const direction = directionOf(way.className, way.own, way.weights, x!, graph);
    return { ...direction, ...swept(direction, x!, way.states, way.reverse, graph) };
  });
  const [one, other] = ways as [(typeof ways)[number], (typeof ways)[number]];
  if (one.sequences !== other.sequences) invalidModel('its backward layer has another return_sequences');
  const both = merged(parseMergeMode(config), [one.answer, other.answer], graph);
  return [...both, ...one.ends, ...other.ends];
}

/** One way of a layer as an operator. */
interface Direction {
  readonly spec: CellSpec;
  /** W, R and B */
  readonly weights: readonly string[];
  readonly attributes: NonNullable<OperatorSpec['attributes']>;
  /** Whether it gives all its rows, and its last states. */
  readonly sequences: boolean;
  readonly givesStates: boolean;
}

function directionOf(
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
  const part = ofOnnx(spec, tensors);
  const [w, r] = [part('weight_ih'), part('weight_hh')];
  const [ofInput, ofState] = [part('bias_ih').values, part('bias_hh').values];
  const biases = new Float32Array(2 * ofInput.length);
  biases.set(ofInput);
  biases.set(ofState, ofInput.length);
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
    givesStates: config['return_state'] === true,
  };
}

function swept(
  { spec, weights, attributes, sequences, givesStates }: Direction,
  x: GraphTensor,
  states: readonly GraphTensor[],
  reverse: boolean,
  graph: GraphBuilder,
): { answer: GraphTensor; ends: readonly GraphTensor[] } {
  const { units } = spec;
  const cell = findCell({ cell: spec.cell });
  const count = cell.states.length;
  if (states.length > 0 && states.length !== count)
    invalidModel(`starts from ${states.length} states, must be ${count}`);
  const initial = states.map(({ value, shape }) =>
    shape.length === 1 && shape[0] === units
      ? graph.add('Unsqueeze', [value], { axes: [1] })
      : invalidModel(`starts from ${formatShape(shape)}, must be [${units}]`),
  );
  const [y, ...ends] = graph.addMany(
    cell.sources.onnx!.operator,
    [x.value, ...weights, ...(initial.length > 0 ? ['', ...initial] : [])],
    1 + count,
    { ...attributes, ...(reverse && { direction: 'reverse' }) },
  );
  const endOf = (end: string): GraphTensor => ({
    value: graph.add('Squeeze', [end], { axes: [1] }),
    shape: [units],
  });
  return {
    answer: sequences
      ? { value: graph.add('Squeeze', [y!], { axes: [2] }), shape: [x.shape[0]!, units] }
      : endOf(ends[0]!),
    ends: givesStates ? ends.map(endOf) : [],
  };
}

function reversed(x: GraphTensor, graph: GraphBuilder): GraphTensor {
  // to the first step, and past it
  const [from, to, axis, by] = [[-1], [-(2 ** 31)], [1], [-1]].map((one) => graph.numbers(one));
  return { value: graph.add('Slice', [x.value, from!, to!, axis!, by!]), shape: x.shape };
}

function merged(
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

/** Tensors in ONNX's order of gates. */
const ofOnnx =
  ({ cell }: CellSpec, tensors: NamedTensors) =>
  (part: string): Tensor =>
    exportGates(tensors.find(([name]) => name === part)![1], findCell({ cell }), 'onnx');

/** f, g, h as ONNX has them. */
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
      const usual = (activationParameters[one.type] as Partial<Record<typeof name, number | null>>)[name];
      const said = (one as Partial<Record<typeof name, number>>)[name];
      return usual === undefined ? [] : [said ?? usual ?? 1];
    });
  return {
    activations: all.map(({ type }) =>
      type.replaceAll(/(^|_)[a-z]/g, (first) => first.at(-1)!.toUpperCase()),
    ),
    activation_alpha: numbers('alpha'),
    activation_beta: numbers('beta'),
  };
}
