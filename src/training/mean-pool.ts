import { padded } from '../kernel/emit/emitter.ts';
import { activeRows } from '../network/layers/layer.ts';
import { nothingToLearn, type BuildContext, type LearningLayer } from './layer.ts';

/** y(t) = mean of x(0) … x(t). Backward, x(s) receives dy(t) / (t + 1) from every t ≥ s. */
export function learningMeanPool({ allocate, capacity }: BuildContext, width: number): LearningLayer {
  const stride = padded(width);
  const y = allocate(capacity.packed * stride);
  const dx = allocate(capacity.packed * stride);
  const sums = new Float32Array(capacity.rows * stride);

  return {
    ...nothingToLearn,
    width,
    forward({ plan }, x) {
      sums.fill(0);
      for (let t = 0; t < plan.steps; t++) {
        const first = plan.offsets[t]! * stride;
        const length = activeRows(plan, t) * stride;
        for (let i = 0; i < length; i++) {
          sums[i] = sums[i]! + x.values[first + i]!;
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
      return dx;
    },
  };
}
