import type { Parameter } from '../../network/learning/layer.ts';
import { forEachTouched } from '../../network/learning/touched-rows.ts';

/** Σ gradient² in float64, in one fixed order. */
export function sumOfSquares(parameter: Pick<Parameter, 'gradient' | 'touched'>): number {
  let sum = 0;
  forEachTouched(parameter, (from, to) => (sum += sumRange(parameter.gradient, from, to)));
  return sum;
}

/** Four sums, since one would wait for each addition. */
function sumRange(gradient: Float32Array, from: number, to: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = from;
  for (; i + 3 < to; i += 4) {
    a += gradient[i]! * gradient[i]!;
    b += gradient[i + 1]! * gradient[i + 1]!;
    c += gradient[i + 2]! * gradient[i + 2]!;
    d += gradient[i + 3]! * gradient[i + 3]!;
  }
  for (; i < to; i++) a += gradient[i]! * gradient[i]!;
  return a + b + (c + d);
}

/** The factor that scales gradients of this norm to a norm of at most `limit`. */
export const clippingScale = (norm: number, limit: number): number => (norm > limit ? limit / norm : 1);
