import { numberAttribute } from '../operator.ts';
import type { SignedGraph } from '../signature.ts';
import type { Evaluation } from './evaluate-graph.ts';

/** Operators that ids go through unchanged, as the first input. */
const passing = new Set(
  'Cast Identity Reshape Squeeze Unsqueeze Transpose Flatten Slice Dropout Expand'.split(' '),
);

/**
 * The number of rows of the smallest matrix in which an input's numbers are looked up.
 * @returns undefined where they are looked up in none
 */
export function findVocabulary(
  { operators }: SignedGraph,
  input: string,
  { operand }: Evaluation,
): number | undefined {
  const ids = new Set([input]);
  let smallest: number | undefined;
  for (const operator of operators) {
    const [first = '', index = ''] = operator.inputs;
    if (passing.has(operator.operator) && ids.has(first)) ids.add(operator.outputs[0]!);
    const looksUp =
      operator.operator === 'Gather' && ids.has(index) && numberAttribute(operator, 'axis', 0) === 0;
    if (!looksUp || !operand(first).known) continue;
    const rows = operand(first).shape[0]!;
    smallest = Math.min(smallest ?? rows, rows);
  }
  return smallest;
}
