import { describe, expect, it } from 'vitest';
import { clippingScale, globalNorm } from '../../../src/training/optimise/clipping.ts';
import type { Parameter } from '../../../src/network/learning/layer.ts';

const parameter = (...gradient: number[]): Parameter => ({
  name: 'p',
  values: new Float32Array(gradient.length),
  gradient: Float32Array.from(gradient),
  decays: false,
});

describe('clipping', () => {
  it('computes the norm over all parameters', () => {
    expect(globalNorm([parameter(3), parameter(0, 4)])).toBe(5);
  });
  it('scales only gradients over the limit', () => {
    expect(clippingScale(5, 1)).toBe(0.2);
    expect(clippingScale(0.5, 1)).toBe(1);
  });
});
