import type { Batch } from './learner.ts';
import { planOf } from './plan.ts';

/**
 * A long sequence as chunks for a language model: `rows` parts of it are read side by side, `steps` ids a batch, each
 * batch going on where the one before ended. Every step's target is the next id, and all weigh the same: the loss of a
 * batch is the mean a step. What does not fill a batch at the end is left out.
 */
export function* textStreams(
  ids: Int32Array,
  { rows, steps }: { rows: number; steps: number },
): Generator<Batch, void, undefined> {
  const part = Math.floor((ids.length - 1) / rows);
  const plan = planOf(Array<number>(rows).fill(steps));
  const weights = new Float32Array(rows * steps).fill(1 / (rows * steps));
  for (let first = 0; first + steps <= part; first += steps) {
    const at = (index: number): number => (index % rows) * part + first + Math.floor(index / rows);
    const length = rows * steps;
    yield {
      plan,
      ids: Int32Array.from({ length }, (_, i) => ids[at(i)]!),
      targets: { classes: Int32Array.from({ length }, (_, i) => ids[at(i) + 1]!), weights },
    };
  }
}
