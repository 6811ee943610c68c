import { drawInput } from '../../operators/analysis/draw-inputs.ts';
import { evaluateGraph } from '../../operators/analysis/evaluate-graph.ts';
import type { SequenceView } from '../../operators/analysis/sequence-view.ts';
import type { Operand } from '../../operators/operand.ts';
import type { SignedGraph } from '../../operators/signature.ts';
import type { OperatorSpec } from '../../operators/spec.ts';
import { invalidModel, quote } from '../format-errors.ts';

// A graph that is called once a step, with its states as inputs and outputs. A recurrent operator in it runs over one
// step, and becomes a layer only if the layer's state is the graph's: every number that it starts from is one of a state,
// and that state's next value has the number that it ends with in the same place. Numbers are drawn at random and
// followed by their values, so that it does not matter which operators split, turn and join them.

/**
 * Checks that recurrent operators continue the states of a view, number by number.
 * @param needed the operators that the answer depends on
 * @throws UnrollError invalid_model where one starts from anything else, or ends elsewhere
 */
export function checkStepStates(
  graph: SignedGraph,
  view: SequenceView,
  needed: ReadonlySet<OperatorSpec>,
): void {
  if (view.window !== 1) invalidModel(`a call runs over ${view.window} steps`);
  const { input, vocabulary, states, starts, lengths, set } = view;
  const others = [...states.map((state) => state.input), ...starts, ...lengths];
  const drawn = new Map<string, Operand>([
    ...set,
    ...[input, ...others].map(
      (one, i) => [one.value, drawInput(one, [1, 1], 53 + i, i === 0 ? vocabulary : undefined)] as const,
    ),
  ]);
  const { operand, recurrences } = evaluateGraph(graph, drawn, 'values');
  const next = new Map<number, number>();
  for (const state of states) {
    const after = operand(state.output.value).values;
    drawn.get(state.input.value)!.values.forEach((value, i) => next.set(value, after[i]!));
  }
  for (const { operator, starts: from, ends } of recurrences) {
    if (!needed.has(operator)) continue;
    ends.forEach((end, carried) => {
      const continues = from[carried]?.values.every((value, i) => next.get(value) === end.values[i]);
      if (continues !== true)
        invalidModel(
          `${operator.operator} ${quote(operator.outputs.find((name) => name !== ''))} does not start from states that are its own ends`,
        );
    });
  }
}
