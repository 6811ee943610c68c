import { invalidOperator } from '../operand.ts';
import type { SignatureTensor } from '../signature.ts';
import type { AnalysedPlan } from './analysed-plan.ts';
import { findStarts, isEnd } from './follow-states.ts';
import { areStates } from './prove-states.ts';
import type { ViewInput, ViewState } from './sequence-view.ts';

/** Assignments of outputs to inputs that are tried. */
const maxPairings = 256;

const quote = (tensors: readonly { readonly name: string }[]): string =>
  tensors.map(({ name }) => JSON.stringify(name)).join(', ');

/**
 * Tells the sequence among the inputs from the states, and finds each state's next value. What starts a recurrence is
 * followed to that recurrence's end. A cell that is written out has no such operator: there the dataflow must be that of
 * states, and of one pairing alone.
 * @param others inputs without lengths
 * @param starting those of them that recurrences start from
 * @throws UnrollError invalid_model with the inputs that have no role
 */
export function pairStates(
  analysed: AnalysedPlan,
  others: readonly ViewInput[],
  starting: readonly ViewInput[],
): { input: ViewInput; states: ViewState[]; starts: ViewInput[] } {
  const { graph, settings, values, drawn } = analysed;
  const { outputs } = graph.signature;
  const followed = starting.map((input) => {
    const places = findStarts(drawn.get(input.value)!, values.recurrences)!;
    const ends = outputs.filter(
      (output) =>
        output.datatype === input.datatype && isEnd(values.operand(output.value), places, values.recurrences),
    );
    const shape = drawn.get(input.value)!.shape.join();
    const same = ends.find((output) => values.operand(output.value).shape.join() === shape);
    return { input, output: same ?? ends[0] };
  });
  const given = Object.entries(settings.states ?? {}).map(([from, to]): ViewState => {
    const input = others.find(({ name }) => name === from)!;
    const output = outputs.find(({ name }) => name === to)!;
    checkPair(analysed, { input, output });
    return { input, output };
  });
  const states = [...given, ...followed.flatMap(({ input, output }) => (output ? [{ input, output }] : []))];
  const starts = followed.flatMap(({ input, output }) => (output ? [] : [input]));
  const left = others.filter(
    (input) => !starts.includes(input) && !states.some((state) => state.input === input),
  );
  if (settings.input !== undefined) {
    const input = others.find(({ name }) => name === settings.input)!;
    const open = left.filter((one) => one !== input);
    return { input, starts, states: [...states, ...pairLeft(analysed, input, open, states)] };
  }
  const [only] = left;
  if (!only) return invalidOperator('the graph has no input besides states and lengths');
  if (left.length === 1) return { input: only, states, starts };
  return { starts, ...chooseSequence(analysed, left, states, given.length > 0) };
}

/** Whether an output can be a state's next value: the same datatype and shape. */
const fits = ({ values, drawn }: AnalysedPlan, { input, output }: ViewState): boolean =>
  input.datatype === output.datatype &&
  drawn.get(input.value)!.shape.length > 0 &&
  !input.axes.includes('time') &&
  values.operand(output.value).shape.join() === drawn.get(input.value)!.shape.join();

/** Checks a pair that model.json gives against the dataflow. @throws UnrollError invalid_model */
function checkPair(analysed: AnalysedPlan, pair: ViewState): void {
  const { drawn, values } = analysed;
  const { input, output } = pair;
  const places = findStarts(drawn.get(input.value)!, values.recurrences);
  const where = `graph.states.${input.name}: ${JSON.stringify(output.name)}`;
  if (places && !isEnd(values.operand(output.value), places, values.recurrences))
    invalidOperator(`${where} is not the end of the recurrence that starts from it`);
  if (!places && !fits(analysed, pair))
    invalidOperator(
      `${where} is ${output.datatype} [${values.operand(output.value).shape.join(', ')}], the state ${input.datatype} [${drawn.get(input.value)!.shape.join(', ')}]`,
    );
}

/** Those of the first pairings whose dataflow is that of states. */
const proven = (
  analysed: AnalysedPlan,
  sequence: ViewInput,
  followed: readonly ViewState[],
  pairings: Iterable<ViewState[]>,
): ViewState[][] =>
  [...pairings].slice(0, maxPairings).filter((pairs) => areStates(analysed, sequence, pairs, followed));

/** All ways to give each input an output of its own. */
function* listPairings(
  analysed: AnalysedPlan,
  inputs: readonly ViewInput[],
  outputs: readonly SignatureTensor[],
): Generator<ViewState[]> {
  const [input, ...rest] = inputs;
  if (!input) return yield [];
  for (const output of outputs) {
    if (!fits(analysed, { input, output })) continue;
    for (const more of listPairings(
      analysed,
      rest,
      outputs.filter((one) => one !== output),
    ))
      yield [{ input, output }, ...more];
  }
}

/** Pairs inputs that no recurrent operator starts from. @throws UnrollError invalid_model unless one pairing fits */
function pairLeft(
  analysed: AnalysedPlan,
  input: ViewInput,
  open: readonly ViewInput[],
  states: readonly ViewState[],
): ViewState[] {
  if (open.length === 0) return [];
  const outputs = analysed.graph.signature.outputs.filter(
    (output) => !states.some((state) => state.output === output) && output.name !== analysed.settings.output,
  );
  const pairings = proven(analysed, input, states, listPairings(analysed, open, outputs));
  if (pairings.length === 1) return pairings[0]!;
  return invalidOperator(
    `the graph reads ${quote(open)}, for which ${pairings.length === 0 ? 'no output is certain to be the next value' : 'more than one output fits'}: ` +
      'in model.json, graph.set sets an input to a number, graph.states gives the output of a state',
  );
}

/** Finds the one choice of a sequence whose other inputs all have a next value. */
function chooseSequence(
  analysed: AnalysedPlan,
  left: readonly ViewInput[],
  states: readonly ViewState[],
  given: boolean,
): { input: ViewInput; states: ViewState[] } {
  const outputs = analysed.graph.signature.outputs.filter(
    (output) => !states.some((state) => state.output === output) && output.name !== analysed.settings.output,
  );
  const choices = given
    ? []
    : left.flatMap((input) => {
        const open = left.filter((one) => one !== input);
        return proven(analysed, input, states, listPairings(analysed, open, outputs))
          .filter((pairs) => pairs.length < outputs.length || analysed.settings.output !== undefined)
          .map((pairs) => ({ input, states: [...states, ...pairs] }));
      });
  const [only] = choices;
  if (only && choices.length === 1) return only;
  return invalidOperator(
    choices.length === 0
      ? `the graph reads ${quote(left)}, which are not certain to be states or lengths, and only one can be the sequence: in model.json, graph.set sets an input to numbers, graph.states gives the output of a state`
      : `the graph reads ${quote(left)}, and which are states is not certain: graph.input and graph.states say so`,
  );
}
