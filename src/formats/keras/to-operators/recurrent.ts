import { exportGates } from '../../../cells/gate-orders.ts';
import { activationParameters, usualOptions } from '../../../cells/options.ts';
import { findCell } from '../../../cells/registry.ts';
import type { CellActivationSpec } from '../../../network/layers/recurrent/cell-fields.ts';
import type { OperatorSpec } from '../../../operators/spec.ts';
import type { Tensor } from '../../../network/weights.ts';
import { shown } from '../../arrays.ts';
import { need, refuse } from '../converted.ts';
import type { Config } from '../keras-config.ts';
import type { KerasLayer } from '../keras-model.ts';
import { requireField } from '../plain-fields.ts';
import {
  cellOf,
  mergeOf,
  notesOf,
  weightCount,
  wrappedCell,
  type CellSpec,
  type Named,
} from '../recurrent.ts';
import { lastReplaced, sequenceOf, shapeText, type Graph, type Wire } from './graph.ts';

// Cells as ONNX's operators, a direction each, with the batch first: X [1, steps, in], Y [1, steps, 1, units], states [1, 1, units].

/** Gives its rows or the last of them, and with `return_state` its last states after that. */
export function recurrent(layer: KerasLayer, [x, ...states]: readonly Wire[], graph: Graph): readonly Wire[] {
  const { className, config } = layer;
  const weights = need(layer, weightCount(config));
  const reverse = config['go_backwards'] === true;
  const direction = directionOf(className, config, weights, x!, graph);
  const { answer, ends } = swept(direction, x!, states, reverse, graph);
  // Keras hands the rows on in the order it made them
  return [reverse && direction.sequences ? reversed(answer, graph) : answer, ...ends];
}

/** Gives both directions as one, or one after the other, and with `return_state` the last states of each. */
export function bidirectional(
  layer: KerasLayer,
  [x, ...states]: readonly Wire[],
  graph: Graph,
): readonly Wire[] {
  const { config } = layer;
  const forward = wrappedCell(config['layer']);
  const said = config['backward_layer'];
  const backward = said === undefined || said === null ? forward : wrappedCell(said);
  if (forward.own['go_backwards'] === true) refuse('its forward layer has go_backwards');
  const first = weightCount(forward.own);
  const weights = need(layer, first + weightCount(backward.own));
  const half = states.length / 2;
  if (!Number.isInteger(half)) refuse(`starts from ${states.length} states, must be as many for each way`);
  const ways = [
    { ...forward, weights: weights.slice(0, first), states: states.slice(0, half), reverse: false },
    { ...backward, weights: weights.slice(first), states: states.slice(half), reverse: true },
  ].map((way) => {
    const direction = directionOf(way.className, way.own, way.weights, x!, graph);
    return { ...direction, ...swept(direction, x!, way.states, way.reverse, graph) };
  });
  const [one, other] = ways as [(typeof ways)[number], (typeof ways)[number]];
  if (one.sequences !== other.sequences) refuse('its backward layer has another return_sequences');
  const both = merged(mergeOf(config), [one.answer, other.answer], graph);
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
  x: Wire,
  graph: Graph,
): Direction {
  requireField(config, 'time_major', [false]);
  const { width } = sequenceOf(x);
  const { spec, tensors } = cellOf(className, config, weights, width, graph.version);
  for (const note of notesOf(config)) graph.note(note);
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
  x: Wire,
  states: readonly Wire[],
  reverse: boolean,
  graph: Graph,
): { answer: Wire; ends: readonly Wire[] } {
  const { units } = spec;
  const cell = findCell({ cell: spec.cell });
  const count = cell.states.length;
  if (states.length > 0 && states.length !== count)
    refuse(`starts from ${states.length} states, must be ${count}`);
  const initial = states.map(({ value, shape }) =>
    shape.length === 1 && shape[0] === units
      ? graph.put('Unsqueeze', [value], { axes: [1] })
      : refuse(`starts from ${shapeText(shape)}, must be [${units}]`),
  );
  const [y, ...ends] = graph.putMany(
    cell.sources.onnx!.operator,
    [x.value, ...weights, ...(initial.length > 0 ? ['', ...initial] : [])],
    1 + count,
    { ...attributes, ...(reverse && { direction: 'reverse' }) },
  );
  const endOf = (end: string): Wire => ({
    value: graph.put('Squeeze', [end], { axes: [1] }),
    shape: [units],
  });
  return {
    answer: sequences
      ? { value: graph.put('Squeeze', [y!], { axes: [2] }), shape: [x.shape[0]!, units] }
      : endOf(ends[0]!),
    ends: givesStates ? ends.map(endOf) : [],
  };
}

function reversed(x: Wire, graph: Graph): Wire {
  // to the first step, and past it
  const [from, to, axis, by] = [[-1], [-(2 ** 31)], [1], [-1]].map((one) => graph.numbers(one));
  return { value: graph.put('Slice', [x.value, from!, to!, axis!, by!]), shape: x.shape };
}

function merged(merge: ReturnType<typeof mergeOf>, both: [Wire, Wire], graph: Graph): readonly Wire[] {
  const [one, other] = both;
  if (merge === null) return both;
  const values = [one.value, other.value];
  const units = [one, other].map(({ shape }) => shape.at(-1)!);
  if (merge === 'concat')
    return [
      {
        value: graph.put('Concat', values, { axis: one.shape.length }),
        shape: lastReplaced(one.shape, units[0]! + units[1]!),
      },
    ];
  if (units[0] !== units[1]) refuse(`merge_mode ${shown(merge)} of ${units.join(' and ')} units`);
  return [
    {
      value: graph.put(({ sum: 'Add', mul: 'Mul', ave: 'Mean' } as const)[merge], values),
      shape: one.shape,
    },
  ];
}

/** Tensors in ONNX's order of gates. */
const ofOnnx =
  ({ cell }: CellSpec, tensors: Named) =>
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
