import { invalidOperator } from '../operand.ts';
import type { SignatureTensor } from '../signature.ts';
import type { AnalysedPlan } from './analysed-plan.ts';
import { drawInput } from './draw-inputs.ts';
import { isMadeOfEnds } from './follow-states.ts';
import type { ViewInput, ViewState } from './sequence-view.ts';
import { findVocabulary } from './find-vocabulary.ts';

/**
 * Chooses the output that answers: the only one, or the only one that depends on the sequence and is not just the end of a recurrence.
 * @throws UnrollError invalid_model naming the candidates
 */
export function chooseAnswer(
  analysed: AnalysedPlan,
  input: ViewInput,
  states: readonly ViewState[],
): SignatureTensor {
  const { graph, settings, size, values, withInputs } = analysed;
  const { outputs } = graph.signature;
  const [only, another] = outputs;
  if (only && !another) return only;
  const other = drawInput(input, size, 101, findVocabulary(graph, input.value, values));
  const changed = withInputs(new Map([[input.value, other]]));
  const answers = outputs.filter(({ value }) => {
    const [before, after] = [values.operand(value), changed.operand(value)];
    return before.values.some((number, i) => number !== after.values[i]);
  });
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
  return invalidOperator(
    answers.length === 0
      ? `no output depends on ${JSON.stringify(input.name)}`
      : `more than one output could be the answer: ${list}; graph.output chooses one`,
  );
}
