import { UnrollError } from '../errors.ts';
import type { TimeSlice } from '../time-slice.ts';
import type { Encoded, Vocabulary } from '../vocabulary/vocabulary.ts';

/**
 * UTF-16 units of a text for each step that it may have: spaces and unknown characters give no steps, but
 * take time to read.
 */
const unitsPerStep = 32;
const minUnits = 65_536;

/**
 * Encodes a text, or tokens, in slices of time, up to `maxSteps` tokens.
 * @throws UnrollError sequence_too_long, cancelled
 */
export async function encodeInSlices(
  vocabulary: Vocabulary,
  text: string | readonly string[],
  {
    maxSteps,
    field,
    slice,
  }: { readonly maxSteps: number; readonly field: string; readonly slice: TimeSlice },
): Promise<Encoded> {
  const maxUnits = Math.max(minUnits, unitsPerStep * maxSteps);
  if (typeof text === 'string' && text.length > maxUnits)
    throw new UnrollError(
      'sequence_too_long',
      `${field}: at most ${maxUnits} UTF-16 units for ${maxSteps} steps, was given ${text.length}`,
      { field },
    );
  const encoding = vocabulary.encodeIncrementally(text, maxSteps);
  for (;;) {
    const { done, value } = encoding.next();
    if (done) return value;
    if (slice.due()) await slice.next();
  }
}
