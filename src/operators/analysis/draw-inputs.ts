import { createRng } from '../../random.ts';
import { elementCount, type Operand } from '../operand.ts';
import { isIntegerKind } from '../number-kinds.ts';
import { operandKind } from '../signature.ts';
import { createInput } from './evaluate-graph.ts';
import { shapeFor, type ViewInput } from './sequence-view.ts';

/** Draws an input: ids below the vocabulary, lengths, booleans, or numbers in −1 … 1 that differ from each other. */
export function drawInput(
  input: ViewInput,
  [batch, steps]: readonly [batch: number, steps: number],
  seed: number,
  vocabulary: number | undefined,
): Operand {
  const shape = shapeFor(input, batch, steps);
  const random = createRng(seed, 7);
  const kind = operandKind(input.datatype);
  if (vocabulary !== undefined)
    return createInput(input, shape, () => Math.floor(random.next() * vocabulary));
  if (isIntegerKind(kind) && elementCount(shape) <= Math.max(1, batch))
    return createInput(input, shape, (i) => Math.max(1, steps - i));
  if (kind === 'float') return createInput(input, shape, () => 2 * random.next() - 1);
  return createInput(input, shape, () => Math.floor(random.next() * 2));
}
