import type { OptimiserSpec } from '../optimiser.ts';
import type { UpdateRule } from './rule.ts';

/** RMSprop (Tieleman and Hinton 2012): the gradient over the root of its running mean square. */
export function rmspropRule(spec: Extract<OptimiserSpec, { type: 'rmsprop' }>): UpdateRule {
  const { alpha, epsilon, momentum, weight_decay } = spec;
  return {
    slots: momentum > 0 ? ['square', 'momentum'] : ['square'],
    skipsZero: false,
    apply({ values, gradient, decays }, [square, velocity], { rate }, from, to) {
      const decay = decays ? weight_decay : 0;
      for (let i = from; i < to; i++) {
        const slope = gradient[i]! + decay * values[i]!;
        const mean = alpha * square![i]! + (1 - alpha) * slope * slope;
        square![i] = mean;
        let step = slope / (Math.sqrt(mean) + epsilon);
        if (velocity) velocity[i] = step = momentum * velocity[i]! + step;
        values[i] = values[i]! - rate * step;
      }
    },
  };
}
