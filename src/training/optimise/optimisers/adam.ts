import type { OptimiserSpec } from '../optimiser.ts';
import type { UpdateRule } from './rule.ts';

/**
 * Adam (Kingma and Ba 2015), and AdamW, whose decay does not go through the moments (Loshchilov and Hutter
 * 2019).
 */
export function adamRule(spec: Extract<OptimiserSpec, { type: 'adam' | 'adamw' }>): UpdateRule {
  const { type, beta1, beta2, epsilon, weight_decay } = spec;
  return {
    slots: ['first', 'second'],
    skipsZero: false,
    apply({ values, gradient, decays }, [first, second], { rate, updates }, from, to) {
      const l2 = decays && type === 'adam' ? weight_decay : 0;
      const kept = decays && type === 'adamw' ? 1 - rate * weight_decay : 1;
      const stepSize = rate / (1 - beta1 ** updates);
      const overRootBias = 1 / Math.sqrt(1 - beta2 ** updates);
      for (let i = from; i < to; i++) {
        const slope = gradient[i]! + l2 * values[i]!;
        const m = beta1 * first![i]! + (1 - beta1) * slope;
        const v = beta2 * second![i]! + (1 - beta2) * slope * slope;
        first![i] = m;
        second![i] = v;
        values[i] = kept * values[i]! - (stepSize * m) / (Math.sqrt(v) * overRootBias + epsilon);
      }
    },
  };
}
