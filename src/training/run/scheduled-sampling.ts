import { padded } from '../../kernel/layout.ts';
import type { Rng } from '../../random.ts';
import { activeRows } from '../../network/layers/layer.ts';
import type { Batch } from '../batch.ts';
import type { Learner } from '../learner-interface.ts';

/**
 * Scheduled sampling (Bengio et al. 2015): replaces decoder inputs, each with probability `probability`, by
 * the decoder's own predictions. Two passes (Duckworth et al. 2019): the first, on the correct inputs,
 * computes the predictions.
 */
export function applyScheduledSampling(
  learner: Learner,
  batch: Batch,
  probability: number,
  random: Rng,
): Batch {
  if (probability === 0 || !batch.ids) return batch;
  const { plan } = batch;
  const predicted = new Int32Array(batch.ids.length);
  learner.measure(batch, ({ values }, width) => {
    const stride = padded(width);
    for (let row = 0; row < predicted.length; row++)
      predicted[row] = findLargest(values, row * stride, width);
  });
  const ids = batch.ids.slice();
  for (let t = 1; t < plan.steps; t++)
    for (let r = 0; r < activeRows(plan, t); r++)
      if (random.next() < probability) ids[plan.offsets[t]! + r] = predicted[plan.offsets[t - 1]! + r]!;
  return { ...batch, ids };
}

function findLargest(values: Float32Array, from: number, width: number): number {
  let best = 0;
  for (let i = 1; i < width; i++) if (values[from + i]! > values[from + best]!) best = i;
  return best;
}
