import { findCell } from '../../../cells/registry.ts';
import type { Tensor } from '../../../network/weights.ts';
import { invalidModel, quote } from '../../format-errors.ts';
import { requireWeights } from '../weight-layout.ts';
import { asConfig, asList, type Config } from '../keras-config.ts';
import type { KerasLayer } from '../keras-layer.ts';
import { collectNotes, countWeights, findCellByClass, getWrappedCell, parseMergeMode } from '../recurrent.ts';
import { requireField } from '../require-field.ts';
import { isTfKeras } from '../version.ts';
import { emitCell } from './cell-operator.ts';
import { replaceWidth, type GraphBuilder, type GraphTensor } from './graph-builder.ts';

// Recurrent layers: one operator per cell and direction.

/**
 * Emits a recurrent layer.
 * @returns its rows or the last row, followed by the last states with `return_state`
 */
export function recurrent(
  layer: KerasLayer,
  [x, ...states]: readonly GraphTensor[],
  graph: GraphBuilder,
): readonly GraphTensor[] {
  const { className, config, weights } = layer;
  const reverse = config['go_backwards'] === true;
  const { output, ends } = emitSweep({ className, config, weights, states, reverse }, x!, graph);
  if (!returnsSequences(config)) return [output, ...ends];
  // Keras returns the rows of go_backwards in the order of computation, and the mask as it was
  const rows = reverse ? reverseSteps(output, graph) : output;
  return [{ ...rows, mask: x!.mask ?? null }, ...ends];
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
  if (returnsSequences(forward.own) !== returnsSequences(backward.own))
    invalidModel('its backward layer has a different return_sequences');
  const count = (one: typeof forward): number =>
    listCells(one.className, one.own).reduce((sum, cell) => sum + countWeights(cell.config), 0);
  const first = count(forward);
  const weights = requireWeights(layer, first + count(backward));
  const half = states.length / 2;
  if (!Number.isInteger(half))
    invalidModel(`has ${states.length} initial states, must have the same number for each direction`);
  const zeroed = returnsSequences(forward.own) && isTfKeras(graph);
  const [one, other] = [
    { ...forward, weights: weights.slice(0, first), states: states.slice(0, half), reverse: false },
    { ...backward, weights: weights.slice(first), states: states.slice(half), reverse: true },
  ].map(({ own, ...rest }) => emitSweep({ ...rest, config: own, zeroed }, x!, graph)) as [Swept, Swept];
  const both = mergeDirections(parseMergeMode(config), [one.output, other.output], graph);
  const mask = returnsSequences(forward.own) ? (x!.mask ?? null) : null;
  return [...both.map((rows) => ({ ...rows, mask })), ...one.ends, ...other.ends];
}

const returnsSequences = (config: Config): boolean => config['return_sequences'] === true;

/** One direction of a recurrent layer. */
interface Sweep {
  readonly className: string;
  readonly config: Config;
  /** Of all its cells. */
  readonly weights: readonly Tensor[];
  /** Initial states of all its cells; none for zeros. */
  readonly states: readonly GraphTensor[];
  readonly reverse: boolean;
  /** Whether rows of masked steps are zeros whatever the config says. */
  readonly zeroed?: boolean;
}
interface Swept {
  /** All rows in the order of the steps, or the last one computed. */
  readonly output: GraphTensor;
  /** The last states with `return_state`. */
  readonly ends: readonly GraphTensor[];
}

/** Emits one direction of a layer: one operator per cell, each reading the rows of the one before. */
function emitSweep(sweep: Sweep, x: GraphTensor, graph: GraphBuilder): Swept {
  const { config, states, reverse } = sweep;
  requireField(config, 'time_major', [false]);
  requireField(config, 'num_constants', [0]);
  for (const note of collectNotes(config)) graph.addNote(note);
  const cells = listCells(sweep.className, config);
  // Keras has the states in the order of the cells, TensorFlow 1 and TensorFlow.js the last cell's first
  const statesReversed = graph.tfjs || config['reverse_state_order'] === true;
  const inStateOrder = <T>(perCell: readonly T[]): readonly T[] =>
    statesReversed ? perCell.toReversed() : perCell;
  const counts = cells.map(({ className }) => findCell({ cell: findCellByClass(className)! }).states.length);
  const count = counts.reduce((sum, one) => sum + one, 0);
  if (states.length > 0 && states.length !== count)
    invalidModel(`has ${states.length} initial states, must have ${count}`);
  const initial = inStateOrder(split(states, inStateOrder(counts)));
  const weights = split(
    sweep.weights,
    cells.map((cell) => countWeights(cell.config)),
  );
  if (weights.flat().length !== sweep.weights.length)
    invalidModel(`has ${sweep.weights.length} weights, must have ${weights.flat().length}`);
  const masked = sweep.zeroed || config['zero_output_for_mask'] === true ? 'zero' : 'repeat';
  let rows = x;
  const ends: GraphTensor[][] = [];
  cells.forEach((cell, i) => {
    const emitted = emitCell(cell, weights[i]!, initial[i]!, reverse, masked, rows, graph);
    const isLast = i === cells.length - 1;
    rows = isLast && !returnsSequences(config) ? emitted.last() : { ...emitted.rows(), mask: x.mask ?? null };
    ends.push(config['return_state'] === true ? emitted.ends() : []);
  });
  return { output: rows, ends: inStateOrder(ends).flat() };
}

/** Splits a list into parts of some sizes; the last ones are shorter when it ends early. */
function split<T>(list: readonly T[], sizes: readonly number[]): T[][] {
  let at = 0;
  return sizes.map((size) => list.slice(at, (at += size)));
}

/** The cells of a recurrent layer: its own, or those of an RNN. */
function listCells(className: string, config: Config): { className: string; config: Config }[] {
  if (className !== 'RNN') return [{ className, config }];
  const cell = asConfig(config['cell']);
  const own = asConfig(cell['config']);
  const listed = cell['class_name'] === 'StackedRNNCells' ? asList(own['cells']) : [cell];
  if (listed.length === 0) invalidModel('has no cells');
  return listed.map((one) => {
    const kind = String(asConfig(one)['class_name']);
    const layerClass = kind.endsWith('Cell') ? kind.slice(0, -'Cell'.length) : '';
    if (findCellByClass(layerClass) === undefined)
      invalidModel(`has the cell ${quote(kind)}, which is not supported`);
    return { className: layerClass, config: asConfig(asConfig(one)['config']) };
  });
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
