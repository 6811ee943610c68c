import { invalidOperator } from '../operand.ts';
import type { SignedGraph } from '../signature.ts';
import { drawInput } from './draw-inputs.ts';
import { createInput, evaluateGraph, runsBesideTime } from './evaluate-graph.ts';
import { isLengths } from './follow-lengths.ts';
import { findStarts, isEnd } from './follow-states.ts';
import { shapeFor, type SequenceView } from './sequence-view.ts';

/**
 * Checks what a view says of the inputs against the dataflow: every input has a role, what starts a recurrence is
 * carried to its own end, lengths are lengths.
 * @throws UnrollError invalid_model with what does not hold
 */
export function checkRoles(graph: SignedGraph, view: SequenceView, lengths: readonly number[]): void {
  const { input, states, starts, set, vocabulary } = view;
  const others = [...states.map((state) => state.input), ...starts, ...view.lengths];
  const given = new Set([input, ...others].map(({ value }) => value));
  for (const { name, value } of graph.signature.inputs)
    if (!given.has(value) && !set.has(value))
      invalidOperator(`the input ${JSON.stringify(name)} has no role`);

  const batch = input.axes.includes('batch') ? 2 : 1;
  const timed = input.axes.includes('time');
  const draw = (sequences: number, steps: number) =>
    new Map([
      ...set,
      ...[input, ...others].map(
        (one, i) =>
          [
            one.value,
            drawInput(one, [sequences, timed ? steps : 1], 31 + i, i === 0 ? vocabulary : undefined),
          ] as const,
      ),
    ]);
  const longest = lengths.at(-1)!;
  const [few, many] = [lengths[0]!, longest].map((steps) => evaluateGraph(graph, draw(1, steps), 'shapes'));
  if (runsBesideTime(few!, many!)) invalidOperator('the steps are along a recurrence’s batch axis');
  const drawn = draw(batch, longest);
  const { operand, recurrences } = evaluateGraph(graph, drawn, 'values');
  const name = JSON.stringify;
  for (const state of states) {
    const places = findStarts(drawn.get(state.input.value)!, recurrences);
    const [before, after] = [drawn.get(state.input.value)!, operand(state.output.value)];
    if (state.input.datatype !== state.output.datatype || before.values.length !== after.values.length)
      invalidOperator(
        `the state ${name(state.input.name)} is ${state.input.datatype} [${before.shape.join(', ')}], its next value ${name(state.output.name)} ${state.output.datatype} [${after.shape.join(', ')}]`,
      );
    if (places && !isEnd(after, places, recurrences))
      invalidOperator(
        `${name(state.output.name)} is not the end of the recurrence that starts from ${name(state.input.name)}`,
      );
  }
  for (const start of starts) {
    const places = findStarts(drawn.get(start.value)!, recurrences);
    if (!places) invalidOperator(`no recurrence starts from ${name(start.name)}, so it is not zeros`);
    const end = graph.signature.outputs.find(({ value }) => isEnd(operand(value), places, recurrences));
    if (end) invalidOperator(`${name(start.name)} is a state, with the next value ${name(end.name)}`);
  }
  for (const length of view.lengths)
    if (
      !isLengths(timed ? longest : view.window, (steps) => {
        const all = createInput(length, shapeFor(length, batch, steps), () => steps);
        return evaluateGraph(graph, new Map([...drawn, [length.value, all]]), 'values');
      })
    )
      invalidOperator(`${name(length.name)} is not the lengths of a recurrence`);
}
