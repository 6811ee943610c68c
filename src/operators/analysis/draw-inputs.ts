import { createRng } from '../../random.ts';
import { isFloat, isInteger } from '../number-kinds.ts';
import { elementCount, type Operand } from '../operand.ts';
import { operandKind } from '../signature.ts';
import { createInput } from './evaluate-graph.ts';
import { shapeFor, type ViewInput } from './sequence-view.ts';

/**
 * Draws an input: ids below the vocabulary, lengths, booleans, or numbers that differ from each other.
 * @param scale numbers are in − scale … scale
 */
export function drawInput(
  input: ViewInput,
  [batch, steps]: readonly [batch: number, steps: number],
  seed: number,
  vocabulary: number | undefined,
  scale = 1,
): Operand {
  const shape = shapeFor(input, batch, steps);
  const random = createRng(seed, 7);
  const kind = operandKind(input.datatype);
  if (vocabulary !== undefined)
    return createInput(input, shape, () => Math.floor(random.next() * vocabulary));
  if (isInteger(kind) && elementCount(shape) <= Math.max(1, batch))
    return createInput(input, shape, (i) => Math.max(1, steps - i));
  if (isFloat(kind)) return createInput(input, shape, () => scale * (2 * random.next() - 1));
  return createInput(input, shape, () => Math.floor(random.next() * 2));
}
