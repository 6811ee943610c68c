import { padded } from '../../kernel/emit/emitter.ts';
import type { Rng } from '../../random.ts';
import { activeRows } from '../../network/layers/layer.ts';
import type { Batch } from '../batch.ts';
import type { Learner } from '../learner-interface.ts';

/**
 * Puts what the decoder itself would have written in place of a share of what it should have read (Bengio et al. 2015), in
 * two passes as Duckworth et al. 2019 have it: the first, on the right inputs, tells what it would write.
 */
export function applyScheduledSampling(learner: Learner, batch: Batch, share: number, random: Rng): Batch {
  if (share === 0 || !batch.ids) return batch;
  const { plan } = batch;
  const written = new Int32Array(batch.ids.length);
  learner.measure(batch, ({ values }, width) => {
    const stride = padded(width);
    for (let row = 0; row < written.length; row++) written[row] = largestAt(values, row * stride, width);
  });
  const ids = batch.ids.slice();
  for (let t = 1; t < plan.steps; t++)
    for (let r = 0; r < activeRows(plan, t); r++)
      if (random.next() < share) ids[plan.offsets[t]! + r] = written[plan.offsets[t - 1]! + r]!;
  return { ...batch, ids };
}

function largestAt(values: Float32Array, from: number, width: number): number {
  let best = 0;
  for (let i = 1; i < width; i++) if (values[from + i]! > values[from + best]!) best = i;
  return best;
}
