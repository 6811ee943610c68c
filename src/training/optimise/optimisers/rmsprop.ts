import type { OptimiserSpec } from '../optimiser.ts';
import type { UpdateRule } from './rule.ts';

/** RMSprop (Tieleman and Hinton 2012): the gradient over the root of its running mean square. */
export function rmspropRule(spec: Extract<OptimiserSpec, { type: 'rmsprop' }>): UpdateRule {
  const { alpha, epsilon, momentum, weight_decay } = spec;
  return {
    slots: momentum > 0 ? ['square', 'momentum'] : ['square'],
    apply({ values, decays }, g, [square, velocity], rate) {
      const decay = decays ? weight_decay : 0;
      for (let i = 0; i < values.length; i++) {
        const slope = g[i]! + decay * values[i]!;
        const mean = alpha * square![i]! + (1 - alpha) * slope * slope;
        square![i] = mean;
        let step = slope / (Math.sqrt(mean) + epsilon);
        if (velocity) velocity[i] = step = momentum * velocity[i]! + step;
        values[i] = values[i]! - rate * step;
      }
    },
  };
}
