import type { OptimiserSpec } from '../optimiser.ts';
import type { UpdateRule } from './rule.ts';

/**
 * Gradient descent; with momentum v ← μ v + g, and Nesterov's g + μ v in its place (Sutskever et al. 2013).
 */
export function sgdRule({
  momentum,
  nesterov,
  weight_decay,
}: Extract<OptimiserSpec, { type: 'sgd' }>): UpdateRule {
  return {
    slots: momentum > 0 ? ['momentum'] : [],
    skipsZero: momentum === 0,
    apply({ values, gradient, decays }, [velocity], { rate }, from, to) {
      const decay = decays ? weight_decay : 0;
      for (let i = from; i < to; i++) {
        let slope = gradient[i]! + decay * values[i]!;
        if (velocity) {
          const v = momentum * velocity[i]! + slope;
          velocity[i] = v;
          slope = nesterov ? slope + momentum * v : v;
        }
        values[i] = values[i]! - rate * slope;
      }
    },
  };
}
