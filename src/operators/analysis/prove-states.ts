import { listReads } from '../get-bodies.ts';
import type { AnalysedPlan } from './analysed-plan.ts';
import type { ViewInput, ViewState } from './sequence-view.ts';

// What makes an input and an output of one shape a state of a cell that is written out, and not a goal and an action, a
// mask and its scores, lengths in and out.

/** Operators through which a number keeps its place. */
const keeping = new Set(
  (
    'Add Sub Mul Div Min Max Clip Where Cast Identity Reshape Squeeze Unsqueeze Transpose Flatten Slice Split Gather ' +
    'Concat Expand Dropout'
  ).split(' '),
);

/**
 * Whether pairs of inputs and outputs have the dataflow of states: the output follows from the sequence, from states of
 * zeros too; what answers depends on the input only through the output, as y on h(t − 1) through h(t); and the memory is
 * kept number by number, as an LSTM's c and a GRU's h are. What is not kept, as an LSTM's h, must be read by one that is,
 * and read it.
 * @param sequence the input that is the sequence
 * @param followed states of recurrent operators
 */
export function areStates(
  analysed: AnalysedPlan,
  sequence: ViewInput,
  pairs: readonly ViewState[],
  followed: readonly ViewState[],
): boolean {
  const { graph, settings, withInputs, drawn } = analysed;
  const next = new Set([...pairs, ...followed].map(({ output }) => output.value));
  const answers = graph.signature.outputs.filter(({ name, value }) =>
    settings.output === undefined ? !next.has(value) : name === settings.output,
  );
  const answersFrom = (input: string, cut?: ReadonlySet<string>): boolean => {
    const reached = findReached(analysed, [input], { cut });
    return answers.some(({ value }) => reached.has(value));
  };
  const read = pairs.filter(({ input }) => answersFrom(input.value));
  const copies = new Map(read.map((pair) => [pair, findCopies(analysed, pair.output.value)]));
  const kept = read.filter(({ input, output }) =>
    findReached(analysed, [input.value], { through: keeping }).has(output.value),
  );
  const fromSequence = findReached(analysed, [sequence.value]);
  const toZeros = ({ input }: ViewState) => {
    const operand = drawn.get(input.value)!;
    return [input.value, { ...operand, values: operand.values.map(() => 0) }] as const;
  };
  const fromZeros = read.length > 0 ? withInputs(new Map(read.map(toZeros))) : null;
  return read.every((pair) => {
    const { input, output } = pair;
    if (!fromSequence.has(output.value) || answersFrom(input.value, copies.get(pair))) return false;
    if (fromZeros!.operand(output.value).values.every((value) => value === 0)) return false;
    const reached = findReached(analysed, [input.value]);
    return (
      kept.includes(pair) ||
      kept.some(
        (other) =>
          reached.has(other.output.value) && findReached(analysed, copies.get(other)!).has(output.value),
      )
    );
  });
}

/** Values that have no numbers but an output's own: the output before it was moved, and parts of it. */
function findCopies({ graph, values: { operand } }: AnalysedPlan, output: string): Set<string> {
  const numbers = new Set(operand(output).values);
  const copies = new Set([output]);
  for (const name of graph.operators.flatMap(({ outputs }) => outputs)) {
    if (name === '' || operand(name).known) continue;
    const { values } = operand(name);
    if (values.length > 0 && values.every((number) => numbers.has(number))) copies.add(name);
  }
  return copies;
}

/**
 * Finds the values that follow from others.
 * @param limits cut: values that are not followed; through: the only operators that are
 */
function findReached(
  { graph, values }: AnalysedPlan,
  from: Iterable<string>,
  { cut, through }: { cut?: ReadonlySet<string> | undefined; through?: ReadonlySet<string> } = {},
): Set<string> {
  const reached = new Set(from);
  for (const operator of graph.operators) {
    if (through && !through.has(operator.operator)) continue;
    if (!listReads(operator).some((name) => reached.has(name))) continue;
    for (const name of operator.outputs)
      if (name !== '' && !cut?.has(name) && !values.operand(name).known) reached.add(name);
  }
  return reached;
}
