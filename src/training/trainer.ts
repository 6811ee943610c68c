import type { Rng } from '../decoding/rng.ts';
import { createAdam, type AdamOptions } from './adam.ts';
import { clippingScale, globalNorm } from './clipping.ts';
import type { Batch, Learner } from './learner.ts';

/** One update after another: gradient, clipping, Adam. The same seed and batches give the same weights. */
export function createTrainer(
  learner: Learner,
  options: { random: Rng; clip: number; adam?: AdamOptions },
): (batch: Batch, rate: number) => { loss: number; norm: number } {
  const update = createAdam(learner.parameters, options.adam);
  return (batch, rate) => {
    const loss = learner.differentiate(batch, options.random);
    const norm = globalNorm(learner.parameters);
    if (!Number.isFinite(norm)) throw new Error(`the gradient is ${norm}: lower the rate (${rate})`);
    update(rate, clippingScale(norm, options.clip));
    learner.refresh();
    return { loss, norm };
  };
}
