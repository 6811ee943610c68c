import type { Parameter } from '../../network/learning/layer.ts';

/** √ Σ gradient² over all parameters (Pascanu et al. 2013), summed in float64 in order. */
export function globalNorm(parameters: readonly Parameter[]): number {
  let sum = 0;
  for (const { gradient } of parameters)
    for (let i = 0; i < gradient.length; i++) sum += gradient[i]! * gradient[i]!;
  return Math.sqrt(sum);
}

/** The factor that scales gradients of this norm to a norm of at most `limit`. */
export const clippingScale = (norm: number, limit: number): number => (norm > limit ? limit / norm : 1);
