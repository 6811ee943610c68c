import { isFloat } from '../number-kinds.ts';
import { UnrollError } from '../../errors.ts';
import { computeStrides, invalidOperator, type Operand } from '../operand.ts';
import type { AnalysedPlan } from './analysed-plan.ts';
import type { Recurrence } from './evaluate-graph.ts';
import { drawInput } from './draw-inputs.ts';
import { evaluateGraph } from './evaluate-graph.ts';
import type { ViewInput } from './sequence-view.ts';

/** Places of an axis that are changed, one at a time. */
const probes = 12;

/**
 * Finds the axis of fixed size that recurrences run along: changes in different places of it reach different steps.
 * @returns steps: its size, undefined where the graph accepts others
 * @throws UnrollError invalid_model where there are two
 */
export function findFixedTime(
  analysed: AnalysedPlan,
  input: ViewInput,
): { readonly axis: number; readonly steps: number | undefined } | null {
  const { drawn, values, withInputs } = analysed;
  if (!values.recurrences.some(({ steps, over }) => steps > 1 && over)) return null;
  const given = drawn.get(input.value)!;
  const found = input.axes.flatMap((size, axis) => {
    if (typeof size !== 'number' || size < 2) return [];
    const count = Math.min(size, probes);
    const reached = Array.from({ length: count }, (_, i) => {
      const index = Math.round((i * (size - 1)) / (count - 1));
      const changed = withInputs(new Map([[input.value, changeSlice(given, axis, index)]]));
      return values.recurrences.map((recurrence, k) => findReached(recurrence, changed.recurrences[k]!));
    });
    const reaches = values.recurrences.some(
      (_, k) => new Set(reached.map((all) => all[k]!).filter(Boolean)).size > 1,
    );
    return reaches ? [axis] : [];
  });
  if (found.length > 1)
    invalidOperator(
      `two candidates for time: the axes ${found.join(' and ')} of ${JSON.stringify(input.name)}; graph.shapes sets −1 at one`,
    );
  const [axis] = found;
  if (axis === undefined) return null;
  return {
    axis,
    steps: acceptsOtherLengths(analysed, input, axis) ? undefined : (input.axes[axis] as number),
  };
}

/** Changes one slice along an axis: ids to others, numbers to others. */
function changeSlice(operand: Operand, axis: number, index: number): Operand {
  const stride = computeStrides(operand.shape)[axis]!;
  const other = (value: number): number => (isFloat(operand.kind) ? value + 1 : value === 0 ? 1 : value - 1);
  const values = operand.values.map((value, i) => {
    const at = Math.floor(i / stride) % operand.shape[axis]!;
    return at === index ? other(value) : value;
  });
  return { ...operand, values };
}

/** The steps of a recurrence's input that a change reached, as text; '' for none. */
function findReached({ over }: Recurrence, changed: Recurrence): string {
  if (!over || !changed.over) return '';
  const { operand, axis } = over;
  const stride = computeStrides(operand.shape)[axis]!;
  const reached = new Set<number>();
  operand.values.forEach((value, i) => {
    if (value !== changed.over!.operand.values[i]) reached.add(Math.floor(i / stride) % operand.shape[axis]!);
  });
  return [...reached].join();
}

function acceptsOtherLengths({ graph, set, plan }: AnalysedPlan, input: ViewInput, axis: number): boolean {
  const timed = { ...input, axes: input.axes.with(axis, 'time' as const) };
  const size = input.axes[axis] as number;
  return [size + 3, size + 8].every((steps) => {
    const operands = plan.inputs.map(
      (one) =>
        [one.value, drawInput(one.value === input.value ? timed : one, [1, steps], 1, undefined)] as const,
    );
    try {
      evaluateGraph(graph, new Map([...set, ...operands]), 'shapes');
      return true;
    } catch (error) {
      if (error instanceof UnrollError) return false;
      throw error;
    }
  });
}
