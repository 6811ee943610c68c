import { isFloat } from '../number-kinds.ts';
import { UnrollError } from '../../errors.ts';
import { createOperand, elementCount, invalidOperator, type Operand } from '../operand.ts';
import { listReads } from '../get-bodies.ts';
import { operandKind, type SignatureTensor, type SignedGraph } from '../signature.ts';
import { chooseAnswer } from './choose-answer.ts';
import { analysePlan, type AnalysedPlan } from './analysed-plan.ts';
import { findFixedTime } from './fixed-time.ts';
import { findVocabulary } from './find-vocabulary.ts';
import { createInput } from './evaluate-graph.ts';
import { isLengths } from './follow-lengths.ts';
import { findStarts, isMadeOfEnds } from './follow-states.ts';
import { measureOutput } from './measure-output.ts';
import { pairStates } from './pair-states.ts';
import { planAxes } from './plan-axes.ts';
import { shapeFor, type SequenceView, type ViewInput, type ViewSettings } from './sequence-view.ts';

/**
 * Derives how a graph answers sequences: every input and the output get a role that its dataflow has shown.
 * @throws UnrollError invalid_model with what could not be derived, and what model.json may set
 */
export function deriveViews(graph: SignedGraph, settings: ViewSettings): SequenceView[] {
  const { inputs, outputs } = graph.signature;
  const names = (list: readonly SignatureTensor[]): string[] => list.map(({ name }) => name);
  const requireName = (list: readonly string[], name: string, field: string): void => {
    if (!list.includes(name))
      invalidOperator(
        `graph.${field}: ${JSON.stringify(name)}, must be one of ${list.map((one) => JSON.stringify(one)).join(', ')}`,
      );
  };
  const given = [...Object.keys(settings.set), ...Object.keys(settings.states ?? {})];
  for (const name of Object.keys(settings.set)) requireName(names(inputs), name, 'set');
  for (const name of Object.keys(settings.shapes)) requireName(names(inputs), name, 'shapes');
  for (const [from, to] of Object.entries(settings.states ?? {})) {
    requireName(names(inputs), from, 'states');
    requireName(names(outputs), to, 'states');
  }
  const open = names(inputs).filter((name) => !given.includes(name));
  if (settings.input !== undefined) requireName(open, settings.input, 'input');
  if (settings.output !== undefined) requireName(names(outputs), settings.output, 'output');

  const set = new Map(
    inputs
      .filter(({ name }) => Object.hasOwn(settings.set, name))
      .map((tensor) => [tensor.value, toConstant(tensor, settings.set[tensor.name]!)]),
  );
  // what no operator reads may be anything
  const read = new Set([
    ...graph.operators.flatMap(listReads),
    ...graph.signature.outputs.map(({ value }) => value),
  ]);
  for (const input of inputs) if (!read.has(input.value)) set.set(input.value, zero(input));
  const views: SequenceView[] = [];
  let failure: UnrollError | null = null;
  for (const plan of planAxes(graph, settings, set))
    try {
      views.push(getView(analysePlan(graph, settings, set, plan)));
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      failure ??= error;
    }
  if (views.length === 0 && failure) throw failure;
  return views;
}

/** The operand of an input that model.json sets: one number, or as many as the input has. */
function toConstant({ name, datatype, shape }: SignatureTensor, given: number | readonly number[]): Operand {
  const numbers = [given].flat();
  const sizes = (shape ?? []).map((size) => (typeof size === 'number' ? size : 1));
  if (elementCount(sizes) !== numbers.length)
    invalidOperator(
      `graph.set.${name}: ${numbers.length} numbers, the input has the shape [${(shape ?? []).map((size) => size ?? '?').join(', ')}]`,
    );
  const operand = createOperand(
    { floats: Float32Array, usage: { elements: 0, work: 0 } },
    operandKind(datatype),
    sizes,
    true,
  );
  operand.values.set(numbers);
  return operand;
}

function getView(analysed: AnalysedPlan): SequenceView {
  const { graph, settings, set, plan, values, drawn } = analysed;
  const { recurrences } = values;
  const given = settings.states;
  const window = recurrences.find((one) => one.lengths)?.steps ?? 1;
  const lengths = plan.inputs.filter(
    (input) => input.name !== settings.input && hasLengths(analysed, input, window),
  );
  const others = plan.inputs.filter((input) => !lengths.includes(input));
  const starting = others.filter(
    ({ name, value, datatype }) =>
      name !== settings.input &&
      // a whole number, such as a flag or a length, may be found anywhere
      isFloat(operandKind(datatype)) &&
      !(given && Object.hasOwn(given, name)) &&
      findStarts(drawn.get(value)!, recurrences) !== null,
  );
  const { input, states, starts } = pairStates(analysed, others, starting);
  const vocabulary = findVocabulary(graph, input.value, values);
  if (vocabulary === undefined && !isFloat(operandKind(input.datatype)))
    invalidOperator(
      `the input ${JSON.stringify(input.name)} has integers, but no operator looks them up in a matrix`,
    );
  for (const one of [...(vocabulary === undefined ? [input] : []), ...states.map((state) => state.input)])
    if (operandKind(one.datatype) === 'double')
      invalidOperator(
        `the input ${JSON.stringify(one.name)} is FP64, but sequences and their states are FP32`,
      );
  const whole = lengths.map((length) => [length.value, createWhole(analysed, length, window)] as const);
  const { output, scale } = chooseAnswer(analysed, input, states, new Map(whole));
  const fixed =
    settings.axes || input.axes.includes('time') || states.length > 0 ? null : findFixedTime(analysed, input);
  const timed = fixed ? { ...input, axes: input.axes.with(fixed.axis, 'time') } : input;
  if (!timed.axes.includes('time'))
    requireNoEnds(analysed, starts, [output, ...states.map((state) => state.output)]);
  if (lengths.length > 0 && !timed.axes.includes('time') && !timed.axes.includes(window))
    invalidOperator(
      `the length ${JSON.stringify(lengths[0]!.name)} of a call of ${window} iterations is not certain: graph.set sets it`,
    );
  const view = {
    input: timed,
    vocabulary,
    scale,
    steps: fixed?.steps ?? settings.steps,
    states,
    starts,
    lengths,
    window,
    set,
  };
  return { ...view, output: measureOutput(analysed, view, output) };
}

/**
 * Requires that nothing else that a call returns is made of what its recurrences end with: starts that have no next value
 * are zeros in every call, so that a next value in another order would be lost without a word.
 * @param known the answer, and the next values of states
 * @throws UnrollError invalid_model
 */
function requireNoEnds(
  { graph, values }: AnalysedPlan,
  [start]: readonly ViewInput[],
  known: readonly SignatureTensor[],
): void {
  if (!start) return;
  const end = graph.signature.outputs.find(
    (output) => !known.includes(output) && isMadeOfEnds(values.operand(output.value), values.recurrences),
  );
  if (end)
    invalidOperator(
      `${JSON.stringify(start.name)} starts a recurrence whose end is in ${JSON.stringify(end.name)}, but in another order: graph.set sets ${JSON.stringify(start.name)} to zeros where every call starts anew`,
    );
}

/** One zero, for an input that is not read. */
const zero = ({ datatype }: SignatureTensor): Operand => ({
  ...createInput({ datatype }, [], () => 0),
  known: true,
});

/** The steps of a sequence, or of the recurrence in a call that is one step. */
const getFull = ({ plan, size }: AnalysedPlan, window: number): number =>
  plan.inputs.some(({ axes }) => axes.includes('time')) ? size[1] : window;

/** An input that has the whole length of every sequence. */
const createWhole = (analysed: AnalysedPlan, input: ViewInput, window: number): Operand =>
  createInput(input, shapeFor(input, ...analysed.size), () => getFull(analysed, window));

function hasLengths(analysed: AnalysedPlan, input: ViewInput, window: number): boolean {
  const { size, withInputs } = analysed;
  const shape = shapeFor(input, ...size);
  if (operandKind(input.datatype) === 'bool' || elementCount(shape) > size[0]) return false;
  const full = getFull(analysed, window);
  try {
    return isLengths(full, (length) =>
      withInputs(new Map([[input.value, createInput(input, shape, () => length)]])),
    );
  } catch (error) {
    // such as an id that is out of range: what cannot be the length of a sequence is none
    if (error instanceof UnrollError) return false;
    throw error;
  }
}
