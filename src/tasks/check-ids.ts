import { UnrollError } from '../errors.ts';
import type { Vocabulary } from '../vocabulary/vocabulary.ts';

/**
 * Checks a sequence of ids that a caller gave.
 * @throws UnrollError empty_input, sequence_too_long, input_mismatch
 */
export function checkIds(
  { tokens }: Vocabulary,
  ids: ArrayLike<number>,
  { maxSteps, field }: { readonly maxSteps: number; readonly field: string },
): void {
  // a value that is no list has no length
  if (!(ids.length > 0))
    throw new UnrollError('empty_input', `${field}: the list of ids is empty`, { field });
  if (ids.length > maxSteps)
    throw new UnrollError('sequence_too_long', `${field}: at most ${maxSteps} steps, was ${ids.length}`, {
      field,
    });
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (!Number.isInteger(id) || id < 0 || id >= tokens.length)
      throw new UnrollError(
        'input_mismatch',
        `${field}: an id must be a whole number from 0 to ${tokens.length - 1}, was ${JSON.stringify(id).slice(0, 40)}`,
        { field },
      );
  }
}
