import { padded } from '../../../kernel/layout.ts';
import { activeRows } from '../layer.ts';
import type { LayerLearning } from '../layer-learning.ts';
import type { DropoutNode } from './dropout.ts';
import {
  nothingToLearn,
  type Block,
  type BuildContext,
  type LearningLayer,
  type Pass,
} from '../../learning/layer.ts';

export const learn: LayerLearning<DropoutNode> = {
  create: (context, { width, layer: { rate, steps } }) => learningDropout(context, { width, rate, steps }),
};

/**
 * Drops a share of a sequence's units and scales up the others, so that serving needs no scaling: the same
 * ones at every step (Gal and Ghahramani 2016), or others at each (Srivastava et al. 2014).
 */
function learningDropout(
  { allocate, capacity }: BuildContext,
  { width, rate, steps }: { width: number; rate: number; steps: 'same' | 'each' },
): LearningLayer {
  const stride = padded(width);
  const same = steps === 'same';
  const mask = new Float32Array((same ? capacity.rows : capacity.packed) * stride);
  const y = allocate(capacity.packed * stride);
  const dx = allocate(capacity.packed * stride);
  const kept = rate < 1 ? 1 / (1 - rate) : 0;

  const masked = ({ plan, packed }: Pass, from: Block, to: Block): Block => {
    if (!same) {
      for (let i = 0; i < packed * stride; i++) to.values[i] = from.values[i]! * mask[i]!;
      return to;
    }
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
    forward(pass, [x]) {
      if (!pass.random) return x!;
      const drawn = (same ? (pass.plan.offsets[1] ?? 0) : pass.packed) * stride;
      for (let i = 0; i < drawn; i++) mask[i] = pass.random.next() < rate ? 0 : kept;
      return masked(pass, x!, y);
    },
    backward: (pass, dy) => [pass.random ? masked(pass, dy, dx) : dy],
  };
}
