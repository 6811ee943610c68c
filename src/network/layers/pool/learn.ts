import { padded } from '../../../kernel/layout.ts';
import { UnrollError } from '../../../errors.ts';
import { activeRows } from '../layer.ts';
import type { LayerLearning } from '../layer-learning.ts';
import type { PoolNode } from './pool.ts';
import { nothingToLearn, type BuildContext, type LearningLayer } from '../../learning/layer.ts';

export const learn: LayerLearning<PoolNode> = {
  create(context, { width, layer: { mode } }) {
    if (mode === 'attention') throw new UnrollError('internal', 'pool attention is inference only');
    return learningPool(context, { mode, width });
  },
};

/** Running pools: y(t) is the last, the mean or the largest of x(0) … x(t), unit by unit. */
function learningPool(
  context: BuildContext,
  { mode, width }: { mode: 'last' | 'mean' | 'max'; width: number },
): LearningLayer {
  if (mode === 'mean') return learningMean(context, width);
  if (mode === 'max') return learningMax(context, width);
  return { ...nothingToLearn, width, forward: (_, [x]) => x!, backward: (_, dy) => [dy] };
}

/** Backward, x(s) receives dy(t) / (t + 1) from every t ≥ s. */
function learningMean({ allocate, capacity }: BuildContext, width: number): LearningLayer {
  const stride = padded(width);
  const y = allocate(capacity.packed * stride);
  const dx = allocate(capacity.packed * stride);
  const sums = new Float32Array(capacity.rows * stride);

  return {
    ...nothingToLearn,
    width,
    forward({ plan }, [x]) {
      sums.fill(0);
      for (let t = 0; t < plan.steps; t++) {
        const first = plan.offsets[t]! * stride;
        const length = activeRows(plan, t) * stride;
        for (let i = 0; i < length; i++) {
          sums[i] = sums[i]! + x!.values[first + i]!;
          y.values[first + i] = sums[i]! / (t + 1);
        }
      }
      return y;
    },
    backward({ plan }, dy) {
      sums.fill(0);
      for (let t = plan.steps - 1; t >= 0; t--) {
        const first = plan.offsets[t]! * stride;
        const length = activeRows(plan, t) * stride;
        for (let i = 0; i < length; i++) {
          sums[i] = sums[i]! + dy.values[first + i]! / (t + 1);
          dx.values[first + i] = sums[i]!;
        }
      }
      return [dx];
    },
  };
}

/** Backward, dy(t) goes to the first step with the largest value so far. */
function learningMax({ allocate, capacity }: BuildContext, width: number): LearningLayer {
  const stride = padded(width);
  const y = allocate(capacity.packed * stride);
  const dx = allocate(capacity.packed * stride);
  /** Packed row of the largest value so far: at the current step, and at every step. */
  const best = new Int32Array(capacity.rows * stride);
  const sources = new Int32Array(capacity.packed * stride);

  return {
    ...nothingToLearn,
    width,
    forward({ plan }, [x]) {
      for (let t = 0; t < plan.steps; t++) {
        const first = plan.offsets[t]! * stride;
        const length = activeRows(plan, t) * stride;
        for (let i = 0; i < length; i++) {
          if (t === 0 || x!.values[first + i]! > x!.values[best[i]!]!) best[i] = first + i;
          sources[first + i] = best[i]!;
          y.values[first + i] = x!.values[best[i]!]!;
        }
      }
      return y;
    },
    backward({ packed }, dy) {
      dx.values.fill(0, 0, packed * stride);
      for (let i = 0; i < packed * stride; i++)
        dx.values[sources[i]!] = dx.values[sources[i]!]! + dy.values[i]!;
      return [dx];
    },
  };
}
