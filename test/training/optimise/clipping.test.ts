import { describe, expect, it } from 'vitest';
import { clippingScale, sumOfSquares } from '../../../src/training/optimise/clipping.ts';
import type { Parameter } from '../../../src/network/learning/layer.ts';

const parameter = (...gradient: number[]): Parameter => ({
  name: 'p',
  values: new Float32Array(gradient.length),
  gradient: Float32Array.from(gradient),
  decays: false,
});

describe('clipping', () => {
  it('sums the squares of all values, however many', () => {
    for (const length of [0, 1, 3, 4, 5, 17])
      expect(sumOfSquares(parameter(...Array.from({ length }, (_, i) => i + 1)))).toBe(
        (length * (length + 1) * (2 * length + 1)) / 6,
      );
  });
  it('scales only gradients over the limit', () => {
    expect(clippingScale(5, 1)).toBe(0.2);
    expect(clippingScale(0.5, 1)).toBe(1);
  });
});
