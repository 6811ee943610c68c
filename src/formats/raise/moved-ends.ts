import { cellOfOperator } from '../../cells/registry.ts';
import { UnrollError } from '../../errors.ts';
import { drawInput } from '../../operators/analysis/draw-inputs.ts';
import { createInput, evaluateGraph, type Evaluation } from '../../operators/analysis/evaluate-graph.ts';
import { shapeFor, type SequenceView } from '../../operators/analysis/sequence-view.ts';
import type { Operand, Values } from '../../operators/operand.ts';
import type { SignedGraph } from '../../operators/signature.ts';
import type { OperatorSpec } from '../../operators/spec.ts';

// Classifiers read what a recurrent operator ends with in many ways: h[-2] beside h[-1], a view of h, the last row of the
// forward half beside the first row of the backward half. A value whose numbers are, in order, those of Y_h becomes Y_h.

export interface MovedEnds {
  readonly operators: readonly OperatorSpec[];
  /** Names of Y_h that the graph does not have, with a value of the same numbers. */
  readonly names: ReadonlyMap<string, string>;
}

/** Lengths that are tried. */
const triedLengths = [13, 97] as const;

/**
 * Replaces the operators that move numbers of Y_h, in whatever way, where the result is Y_h again.
 * @param operators of the graph, with its branches inlined
 * @returns null where there are none
 */
export function replaceMovedEnds(
  graph: SignedGraph,
  view: SequenceView,
  operators: readonly OperatorSpec[],
): MovedEnds | null {
  const evaluation = evaluateOnce({ ...graph, operators: [...operators] }, view);
  if (!evaluation) return null;
  const { operand, recurrences } = evaluation;
  const ends = recurrences.flatMap(({ operator, ends: [hidden] }) =>
    hidden && cellOfOperator(operator.operator) !== undefined ? [{ operator, hidden }] : [],
  );
  const names = new Map<string, string>();
  const endNames = new Map<OperatorSpec, string>();
  const moved = new Map<OperatorSpec, string>();
  for (const operator of operators) {
    const [output = ''] = operator.outputs;
    if (output === '' || operator.outputs.length > 1 || cellOfOperator(operator.operator) !== undefined)
      continue;
    const { values, known } = operand(output);
    const found = known ? undefined : ends.find(({ hidden }) => areEqual(values, hidden.values));
    if (!found) continue;
    const own = found.operator.outputs[1] ?? '';
    const name = endNames.get(found.operator) ?? (own === '' ? `end of ${found.operator.outputs[0]}` : own);
    endNames.set(found.operator, name);
    if (own === '') names.set(name, output);
    moved.set(operator, name);
  }
  if (moved.size === 0) return null;
  return {
    names,
    operators: operators.map((operator) => {
      const from = moved.get(operator);
      if (from !== undefined) return { operator: 'Identity', inputs: [from], outputs: operator.outputs };
      const end = endNames.get(operator);
      return end === undefined
        ? operator
        : { ...operator, outputs: [operator.outputs[0]!, end, ...operator.outputs.slice(2)] };
    }),
  };
}

const areEqual = (a: Values, b: Values): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

/** All values for one sequence of numbers drawn at random; null where the graph accepts no length that is tried. */
function evaluateOnce(graph: SignedGraph, view: SequenceView): Evaluation | null {
  const zeros = [...view.starts, ...view.states.map(({ input }) => input)];
  for (const steps of triedLengths)
    try {
      return evaluateGraph(
        graph,
        new Map<string, Operand>([
          ...view.set,
          [view.input.value, drawInput(view.input, [1, steps], 71, view.vocabulary, view.scale)],
          ...zeros.map((one) => [one.value, createInput(one, shapeFor(one, 1, steps), () => 0)] as const),
          ...view.lengths.map(
            (one) => [one.value, createInput(one, shapeFor(one, 1, steps), () => steps)] as const,
          ),
        ]),
        'values',
      );
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
    }
  return null;
}
