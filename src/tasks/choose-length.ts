import type { NetworkHandle } from '../engine/engine-interface.ts';
import { UnrollError } from '../errors.ts';

/** Most networks that need a certain number of steps need few; every number up to it is tried, then powers of two. */
const fewSteps = 64;
const powers = [128, 256, 512, 1024];

/** A number of steps that a network supports: the preferred one, or the next best; null where none is found. */
export function chooseLength(
  { checkLength }: Pick<NetworkHandle, 'checkLength'>,
  preferred: number,
): number | null {
  const few = Array.from({ length: fewSteps }, (_, i) => i + 1);
  // longer ones first: a window needs a minimum of steps
  const nearest = [...few.slice(preferred - 1), ...few.slice(0, preferred - 1), ...powers];
  return nearest.find((steps) => isSupported(checkLength, steps)) ?? null;
}

function isSupported(checkLength: NetworkHandle['checkLength'], steps: number): boolean {
  try {
    checkLength?.(steps);
    return true;
  } catch (error) {
    if (error instanceof UnrollError) return false;
    throw error;
  }
}
