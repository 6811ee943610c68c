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
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const end = to - ((to - from) % 4);
  for (let i = from; i < end; i += 4) {
    const p = gradient[i]!;
    const q = gradient[i + 1]!;
    const r = gradient[i + 2]!;
    const s = gradient[i + 3]!;
    a += p * p;
    b += q * q;
    c += r * r;
    d += s * s;
  }
  for (let i = end; i < to; i++) a += gradient[i]! * gradient[i]!;
  return a + b + (c + d);
}

/** The factor that scales gradients of this norm to a norm of at most `limit`. */
export const clippingScale = (norm: number, limit: number): number => (norm > limit ? limit / norm : 1);
