import { padded } from '../kernel/emit/emitter.ts';
import { activeRows } from '../network/layers/layer.ts';
import { nothingToLearn, type Block, type BuildContext, type LearningLayer, type Pass } from './layer.ts';

/**
 * Drops a share of a sequence's units, the same ones at every step (Gal and Ghahramani 2016), and scales up the others,
 * so that nothing needs to change when serving.
 */
export function learningDropout(
  { allocate, capacity }: BuildContext,
  { width, rate }: { width: number; rate: number },
): LearningLayer {
  const stride = padded(width);
  const mask = new Float32Array(capacity.rows * stride);
  const y = allocate(capacity.packed * stride);
  const dx = allocate(capacity.packed * stride);

  const masked = ({ plan }: Pass, from: Block, to: Block): Block => {
    for (let t = 0; t < plan.steps; t++) {
      const first = plan.offsets[t]! * stride;
      const length = activeRows(plan, t) * stride;
      for (let i = 0; i < length; i++) to.values[first + i] = from.values[first + i]! * mask[i]!;
    }
    return to;
  };

  return {
    ...nothingToLearn,
    width,
    forward(pass, x) {
      if (!pass.random) return x;
      const drawn = activeRows(pass.plan, 0) * stride;
      for (let i = 0; i < drawn; i++) mask[i] = pass.random.next() < rate ? 0 : 1 / (1 - rate);
      return masked(pass, x, y);
    },
    backward: (pass, dy) => (pass.random ? masked(pass, dy, dx) : dy),
  };
}
