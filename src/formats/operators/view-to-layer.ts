import { createPlaceholder, splitConstants } from './constants.ts';
import { foldConstants } from './fold-constants.ts';
import { createInput } from '../../operators/analysis/evaluate-graph.ts';
import { elementCount, type Operand } from '../../operators/operand.ts';
import { operandKind, type SignedGraph } from '../../operators/signature.ts';
import { shapeFor, type SequenceView, type ViewInput } from '../../operators/analysis/sequence-view.ts';
import type { OperatorSpec } from '../../operators/spec.ts';
import type { OperatorGraphSpec } from '../../network/layers/operator-graph/schema.ts';
import type { Tensor } from '../../network/weights.ts';
import { operatorGraphLayerName } from './operator-graph-network.ts';

// A graph under its sequence view as one layer: the steps' rows are turned to the shape of the file's input, and its
// output back to rows; lengths are the number of steps.

/** TensorProto.DataType of floats. */
const floatDataTypes: Partial<Record<Operand['kind'], number>> = { float: 1, double: 11 };

/** Names of the values that are added: a file's names have no spaces. */
const getRows = (value: string): string => `rows of ${value}`;

/**
 * Creates the layer, with its float constants.
 * @param runs step: once a step, with the states carried over. sequence: once, from states of zeros
 * @param context numbers of the steps before that precede a step's own
 * @throws UnrollError invalid_model where an operator does not fit its inputs
 */
export function viewToLayer(
  graph: SignedGraph,
  view: SequenceView,
  runs: 'step' | 'sequence',
  context = 0,
): { layer: OperatorGraphSpec; floats: Map<string, Tensor> } {
  const { input, output, vocabulary } = view;
  const kind = vocabulary === undefined ? 'float' : 'int';
  const constants = new Map(graph.constants);
  const integers = (name: string, values: readonly number[], shape = [values.length]): string => {
    constants.set(name, { kind: 'int', shape, values: Float64Array.from(values), known: true });
    return name;
  };
  const own = (one: ViewInput): Operand => createPlaceholder(shapeFor(one, 1, 1), operandKind(one.datatype));
  const inputs = new Map<string, Operand | null>(view.set);
  const time = input.axes.indexOf('time');
  const before: OperatorSpec[] = [];
  const after: OperatorSpec[] = [];

  const shape = shapeFor(input, 1, runs === 'step' ? 1 : -1);
  let read = { value: input.value, shape };
  if (runs === 'sequence' && time > 0 && elementCount(shape.slice(0, time)) !== 1) {
    const order = shape.map((_, axis) => (axis < time ? axis + 1 : axis === time ? 0 : axis));
    read = { value: getRows(input.value), shape: [-1, ...shape.toSpliced(time, 1)] };
    before.push({
      operator: 'Transpose',
      inputs: [read.value],
      outputs: [input.value],
      attributes: { perm: order },
    });
  }
  const { steps } = view;
  const first = read.shape.map((size) => (size === -1 ? (steps ?? size) : size));
  inputs.set(read.value, first.includes(-1) ? null : createPlaceholder(first, kind));

  for (const length of view.lengths) {
    if (time < 0) {
      inputs.set(length.value, {
        ...createInput(length, shapeFor(length, 1, 1), () => view.window),
        known: true,
      });
      continue;
    }
    const sizes = getRows(length.value);
    const place = `axis of ${length.value}`;
    const dataType = floatDataTypes[operandKind(length.datatype)];
    const whole = dataType ? `whole ${length.value}` : length.value;
    before.push(
      { operator: 'Shape', inputs: [input.value], outputs: [sizes] },
      {
        operator: 'Gather',
        inputs: [
          sizes,
          integers(
            place,
            [time],
            length.axes.map(() => 1),
          ),
        ],
        outputs: [whole],
      },
    );
    if (dataType)
      before.push({
        operator: 'Cast',
        inputs: [whole],
        outputs: [length.value],
        attributes: { to: dataType },
      });
  }
  const zeros = runs === 'step' ? view.starts : [...view.starts, ...view.states.map((state) => state.input)];
  for (const one of zeros) inputs.set(one.value, { ...own(one), known: true });
  const states = (runs === 'step' ? view.states : []).map((state) => {
    inputs.set(state.input.value, own(state.input));
    return { input: state.input.value, output: state.output.value, shape: shapeFor(state.input, 1, 1) };
  });

  let answer = output.value;
  const rows = output.time;
  if (runs === 'sequence' && rows !== null && elementCount(output.sizes.slice(0, rows)) !== 1) {
    answer = getRows(output.value);
    const order = [rows, ...output.sizes.map((_, axis) => axis).toSpliced(rows, 1)];
    after.push({
      operator: 'Transpose',
      inputs: [output.value],
      outputs: [answer],
      attributes: { perm: order },
    });
  }
  const folded = foldConstants(
    {
      inputs: [],
      operators: [...before, ...graph.operators, ...after],
      outputs: [answer, ...states.map((state) => state.output)],
    },
    inputs,
    constants,
  );
  const { floats, whole, operators } = splitConstants(folded);
  const width = elementCount(output.sizes.map((size) => (size === -1 ? output.rowsPerStep : size)));
  return {
    floats,
    layer: {
      type: 'operator_graph',
      name: operatorGraphLayerName,
      inputs: ['input'],
      runs,
      input: {
        value: read.value,
        shape: read.shape,
        ...(steps !== undefined && runs === 'sequence' && { steps }),
        context: runs === 'step' ? context : 0,
        ...(vocabulary !== undefined && { vocabulary }),
      },
      output: { value: folded.outputs[0]!, ...describeRows(view, runs) },
      units: width,
      states: states.map((state, i) => ({ ...state, output: folded.outputs[i + 1]! })),
      wholeConstants: whole,
      constants: Object.fromEntries([...floats].map(([name, tensor]) => [name, [...tensor.shape]])),
      operators,
    },
  };
}

/** How the output's rows belong to the steps. */
function describeRows(
  { output }: SequenceView,
  runs: 'step' | 'sequence',
): Omit<OperatorGraphSpec['output'], 'value'> {
  const { rows, sizes } = output;
  if (runs === 'step') return { gives: 'step' };
  if (rows === null) {
    const [one, several = 1] = sizes;
    return { gives: 'sequence', ...(sizes.length === 3 && one === 1 && several > 1 && { rows: several }) };
  }
  const { stride, offset } = rows;
  return stride === 1 && offset === 0 ? { gives: 'step' } : { gives: 'rows', every: { stride, offset } };
}
