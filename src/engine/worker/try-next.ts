import type { Generation } from '../../decoding/generation.ts';

/**
 * Isolates an error of one sequence's decoding from the others in its batch.
 * @returns the reason when it fails
 */
export function tryNext(
  generation: Generation,
  logits: Float32Array,
): ReturnType<Generation['next']> | string {
  try {
    return generation.next(logits);
  } catch (error) {
    return String(error);
  }
}
