import { UnrollError } from '../../errors.ts';
import { createOperand, invalidOperator, type Operand } from '../operand.ts';
import { operandKind, type SignatureTensor } from '../signature.ts';
import type { AnalysedPlan } from './analysed-plan.ts';
import { evaluateGraph } from './evaluate-graph.ts';
import type { RowCount } from '../row-count.ts';
import { shapeFor, type SequenceView, type ViewOutput } from './sequence-view.ts';

/** The largest number of steps between two rows. */
const maxStride = 64;
const manySteps = 840;

/**
 * Measures which axis of an output has a row for each step, or for every so many steps, and which one is batch.
 * @throws UnrollError invalid_model where its size grows in another way
 */
export function measureOutput(
  { graph, plan }: AnalysedPlan,
  view: Omit<SequenceView, 'output'>,
  output: SignatureTensor,
): ViewOutput {
  const shapeAt = (batch: number, steps: number): readonly number[] | null => {
    const inputs = plan.inputs.map((input) => {
      const own = input.value === view.input.value ? view.input : input;
      const operand = createOperand(
        { floats: Float64Array, usage: { elements: 0, work: 0 } },
        operandKind(input.datatype),
        shapeFor(own, batch, steps),
      );
      return [input.value, operand] as const;
    });
    try {
      return evaluateGraph(graph, new Map<string, Operand>([...view.set, ...inputs]), 'shapes').operand(
        output.value,
      ).shape;
    } catch (error) {
      if (error instanceof UnrollError) return null;
      throw error;
    }
  };
  const timed = view.input.axes.includes('time');
  const fixed = timed && view.steps !== undefined ? view.steps : null;
  const [first, second] =
    fixed !== null ? [fixed, fixed] : plan.lengths[0] === plan.lengths[1] && timed ? [29, 41] : plan.lengths;
  const base =
    shapeAt(1, first) ??
    invalidOperator('the graph does not accept a single sequence: its batch has a fixed size');
  const differing = (other: readonly number[] | null): number[] =>
    other ? base.flatMap((size, i) => (size === other[i] ? [] : [i])) : [];
  const batches = view.input.axes.includes('batch') ? differing(shapeAt(2, first)) : [];
  const times = differing(shapeAt(1, second));
  const where = `the output ${JSON.stringify(output.name)} [${base.join(', ')}]`;
  if (batches.length > 1 || times.length > 1)
    invalidOperator(
      `${where} has more than one axis that grows with the ${times.length > 1 ? 'steps' : 'batch'}`,
    );
  const [time = null] = times;
  const [batch = null] = batches;
  const measured = { ...output, time, batch, sizes: base.map((size, i) => (i === time ? -1 : size)) };
  if (time === null) return { ...measured, rows: null, rowsPerStep: 1 };
  const sizes = (steps: number): number | null => shapeAt(1, steps)?.[time] ?? null;
  const rows =
    fitRows(sizes, first, second) ?? invalidOperator(`${where} has more rows than there are steps`);
  return { ...measured, rows, rowsPerStep: rows.stride === 1 && rows.offset === 0 ? base[time]! / first : 1 };
}

/** Fits rows(T) = ⌊(T + offset) / stride⌋, or rows in proportion to the steps; null where neither fits. */
function fitRows(sizes: (steps: number) => number | null, first: number, second: number): RowCount | null {
  const [few, many] = [sizes(first)!, sizes(second)!];
  if (few * second === many * first && few >= first && few % first === 0) return { stride: 1, offset: 0 };
  // over many steps, what is left of a stride does not count
  const more = sizes(first + manySteps);
  const stride = Math.round(more === null ? (second - first) / (many - few) : manySteps / (more - few));
  if (stride < 1 || stride > maxStride) return null;
  // where a row appears, the offset shows
  const from = Array.from({ length: 2 * stride + 1 }, (_, i) => [first + i, sizes(first + i)] as const);
  const at = from.findIndex(
    ([, rows], i) => i > 0 && rows !== null && rows === (from[i - 1]![1] ?? rows) + 1,
  );
  if (at < 0) return null;
  const [steps, rows] = from[at]!;
  const offset = rows! * stride - steps;
  const fits = [...from, [second, many] as const].every(
    ([length, count]) => count === null || count === Math.floor((length + offset) / stride),
  );
  return fits && offset < Math.max(1, 2 * stride - 1) ? { stride, offset } : null;
}
