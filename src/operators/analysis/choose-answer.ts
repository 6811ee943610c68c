import { invalidOperator, type Operand } from '../operand.ts';
import type { SignatureTensor } from '../signature.ts';
import type { AnalysedPlan } from './analysed-plan.ts';
import { drawInput } from './draw-inputs.ts';
import type { Evaluation } from './evaluate-graph.ts';
import { isMadeOfEnds } from './follow-states.ts';
import type { ViewInput, ViewState } from './sequence-view.ts';
import { findVocabulary } from './find-vocabulary.ts';

/** How large a sequence's numbers are drawn: small ones may leave every unit of a rectifier at zero. */
const scales = [1, 16, 256];

/**
 * Chooses the output that answers: the only one, or the only one that depends on the sequence and is not just the end of a recurrence.
 * @param lengths inputs that are given the whole length
 * @returns the output, and the scale of numbers at which it depends on the sequence
 * @throws UnrollError invalid_model naming the candidates
 */
export function chooseAnswer(
  analysed: AnalysedPlan,
  input: ViewInput,
  states: readonly ViewState[],
  lengths: ReadonlyMap<string, Operand>,
): { output: SignatureTensor; scale: number } {
  for (const scale of scales) {
    const answers = findDependent(analysed, input, lengths, scale);
    if (answers.length > 0) return { output: chooseFrom(analysed, input, states, answers), scale };
  }
  const [only, another] = analysed.graph.signature.outputs;
  const named = analysed.settings.output ?? only?.name;
  if (only && !another && named === only.name) return { output: only, scale: 1 };
  return invalidOperator(`no output depends on ${JSON.stringify(input.name)}`);
}

/** The outputs that another sequence changes. */
function findDependent(
  { graph, size, values, withInputs }: AnalysedPlan,
  input: ViewInput,
  lengths: ReadonlyMap<string, Operand>,
  scale: number,
): SignatureTensor[] {
  const vocabulary = findVocabulary(graph, input.value, values);
  const evaluate = (seed: number): Evaluation =>
    withInputs(new Map([...lengths, [input.value, drawInput(input, size, seed, vocabulary, scale)]]));
  // an evaluation of a large graph takes a second: the first one will do
  const one = scale === 1 && lengths.size === 0 ? values : evaluate(101);
  const other = evaluate(102);
  return graph.signature.outputs.filter(({ value }) => {
    const after = other.operand(value).values;
    return one.operand(value).values.some((number, i) => number !== after[i]);
  });
}

function chooseFrom(
  { settings, values }: AnalysedPlan,
  input: ViewInput,
  states: readonly ViewState[],
  answers: readonly SignatureTensor[],
): SignatureTensor {
  if (settings.output !== undefined)
    return (
      answers.find(({ name }) => name === settings.output) ??
      invalidOperator(
        `graph.output: ${JSON.stringify(settings.output)} does not depend on ${JSON.stringify(input.name)}`,
      )
    );
  const free = answers.filter(({ name }) => !states.some(({ output }) => output.name === name));
  const notEnds = free.filter(({ value }) => !isMadeOfEnds(values.operand(value), values.recurrences));
  // an encoder's answer is a recurrence's end, and of an LSTM its h
  const hidden = (free.length > 0 ? free : answers).filter(({ value }) =>
    isMadeOfEnds(
      values.operand(value),
      values.recurrences.map((one) => ({ ...one, ends: one.ends.slice(0, 1) })),
    ),
  );
  const chosen = notEnds.length > 0 ? notEnds : hidden;
  const [one] = chosen;
  if (one && chosen.length === 1) return one;
  const list = (chosen.length > 0 ? chosen : answers).map(({ name }) => JSON.stringify(name)).join(', ');
  return invalidOperator(`more than one output could be the answer: ${list}; graph.output chooses one`);
}
