import { invalidOperator } from '../operand.ts';
import type { SignedGraph } from '../signature.ts';
import { drawInput } from './draw-inputs.ts';
import { evaluateGraph } from './evaluate-graph.ts';
import { findStarts, isEndOf, isLengths } from './follow-states.ts';
import type { SequenceView } from './sequence-view.ts';

/**
 * Checks what a view says of the inputs against the dataflow: every input has a role, what starts a recurrence is
 * carried to its own end, lengths are lengths.
 * @throws UnrollError invalid_model with what does not hold
 */
export function checkRoles(graph: SignedGraph, view: SequenceView, steps: number): void {
  const { input, states, starts, lengths, set, vocabulary } = view;
  const others = [...states.map((state) => state.input), ...starts, ...lengths];
  const given = new Set([input, ...others].map(({ value }) => value));
  for (const { name, value } of graph.signature.inputs)
    if (!given.has(value) && !set.has(value))
      invalidOperator(`the input ${JSON.stringify(name)} has no role`);

  const batch = input.axes.includes('batch') ? 2 : 1;
  const drawn = new Map([
    ...set,
    ...[input, ...others].map(
      (one, i) =>
        [one.value, drawInput(one, [batch, steps], 31 + i, i === 0 ? vocabulary : undefined)] as const,
    ),
  ]);
  const { operand, recurrences } = evaluateGraph(graph, drawn, 'values');
  const name = JSON.stringify;
  for (const state of states) {
    const places = findStarts(drawn.get(state.input.value)!, recurrences);
    const [before, after] = [drawn.get(state.input.value)!, operand(state.output.value)];
    if (state.input.datatype !== state.output.datatype || before.shape.join() !== after.shape.join())
      invalidOperator(
        `the state ${name(state.input.name)} is ${state.input.datatype} [${before.shape.join(', ')}], its next value ${name(state.output.name)} ${state.output.datatype} [${after.shape.join(', ')}]`,
      );
    if (places && !isEndOf(after, places, recurrences))
      invalidOperator(
        `${name(state.output.name)} is not the end of the recurrence that starts from ${name(state.input.name)}`,
      );
  }
  for (const start of starts) {
    const places = findStarts(drawn.get(start.value)!, recurrences);
    if (!places) invalidOperator(`no recurrence starts from ${name(start.name)}, so it is not zeros`);
    const end = graph.signature.outputs.find(({ value }) => isEndOf(operand(value), places, recurrences));
    if (end) invalidOperator(`${name(start.name)} is a state, with the next value ${name(end.name)}`);
  }
  for (const length of lengths)
    if (!isLengths(drawn.get(length.value)!, recurrences))
      invalidOperator(`${name(length.name)} is not the lengths of a recurrence`);
}
