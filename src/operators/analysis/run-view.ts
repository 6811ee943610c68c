import { computeStrides, elementCount, invalidOperator, type Operand } from '../operand.ts';
import type { SignedGraph } from '../signature.ts';
import { createInput, evaluateGraph } from './evaluate-graph.ts';
import { shapeFor, type InputAxis, type SequenceView, type ViewInput } from './sequence-view.ts';

// Runs a graph as its file has it on sequences, arranged as its view says.

export interface ViewRun {
  /** [sequences][rows][numbers] */
  readonly answers: readonly (readonly Float64Array[])[];
  /** The states' next values, by the value name of their input. */
  readonly carried: ReadonlyMap<string, Operand>;
}

/**
 * Runs a graph on sequences of one length.
 * @param sequences [batch][steps][numbers], ids as rows of one number
 * @param carried states by the value name of their input; zeros without them
 */
export function runView(
  graph: SignedGraph,
  view: SequenceView,
  sequences: readonly (readonly ArrayLike<number>[])[],
  carried: ReadonlyMap<string, Operand> = new Map(),
): ViewRun {
  const batch = sequences.length;
  const steps = view.input.axes.includes('time') ? sequences[0]!.length : 1;
  const inputs = new Map<string, Operand>(view.set);
  const give = (input: ViewInput, number: (i: number) => number): void => {
    inputs.set(input.value, createInput(input, shapeFor(input, batch, steps), number));
  };
  const at = locate(
    shapeFor(view.input, batch, steps),
    getPlace(view.input.axes, 'batch'),
    getPlace(view.input.axes, 'time'),
  );
  give(view.input, (i) => {
    const { sequence, row, column } = at(i);
    return sequences[sequence]![row]![column]!;
  });
  const length = view.input.axes.includes('time') ? steps : view.window;
  for (const input of view.lengths) give(input, () => length);
  for (const input of view.starts) give(input, () => 0);
  for (const { input } of view.states) {
    const given = carried.get(input.value);
    give(input, (i) => given?.values[i] ?? 0);
  }
  const { operand } = evaluateGraph(graph, inputs, 'values');
  const { output } = view;
  const answer = operand(output.value);
  if (batch > 1 && output.batch === null)
    invalidOperator(`the output ${JSON.stringify(output.name)} does not keep its sequences apart`);
  const answers = Array.from({ length: batch }, (): Float64Array[] => []);
  const columns = elementCount(
    answer.shape.filter((_, axis) => axis !== output.time && axis !== output.batch),
  );
  const place = locate(answer.shape, output.batch, output.time);
  answer.values.forEach((value, i) => {
    const { sequence, row, column } = place(i);
    (answers[sequence]![row] ??= new Float64Array(columns))[column] = value;
  });
  return {
    answers,
    carried: new Map(view.states.map((state) => [state.input.value, operand(state.output.value)])),
  };
}

const getPlace = (axes: readonly InputAxis[], role: 'batch' | 'time'): number | null =>
  axes.includes(role) ? axes.indexOf(role) : null;

/** Where an element of a tensor is: its index along the batch and time axes, and among the others. */
function locate(shape: readonly number[], batch: number | null, time: number | null) {
  const strides = computeStrides(shape);
  const others = shape.map((_, axis) => axis).filter((axis) => axis !== batch && axis !== time);
  const index = (i: number, axis: number): number => Math.floor(i / strides[axis]!) % shape[axis]!;
  return (i: number): { sequence: number; row: number; column: number } => ({
    sequence: batch === null ? 0 : index(i, batch),
    row: time === null ? 0 : index(i, time),
    column: others.reduce((sum, axis) => sum * shape[axis]! + index(i, axis), 0),
  });
}
