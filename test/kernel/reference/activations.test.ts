import { describe, expect, it } from 'vitest';
import { exp, relu, sigmoid, tanh } from '../../../src/kernel/reference/activations.ts';

describe('reference activations', () => {
  it('take known values', () => {
    expect(sigmoid(0)).toBe(0.5);
    expect(sigmoid(Math.log(3))).toBeCloseTo(0.75, 15);
    expect(tanh(Math.log(2))).toBeCloseTo(0.6, 15);
    expect(exp(1)).toBe(Math.E);
    expect([relu(-2), relu(0), relu(3)]).toEqual([0, 0, 3]);
  });

  it('give the limit at ±∞ and NaN at NaN', () => {
    expect([sigmoid(-Infinity), sigmoid(Infinity)]).toEqual([0, 1]);
    expect([tanh(-Infinity), tanh(Infinity)]).toEqual([-1, 1]);
    expect([exp(-Infinity), exp(Infinity)]).toEqual([0, Infinity]);
    expect([relu(-Infinity), relu(Infinity)]).toEqual([0, Infinity]);
    for (const activation of [sigmoid, tanh, exp, relu]) expect(activation(NaN)).toBeNaN();
  });

  it('sigmoid does not overflow far from zero', () => {
    expect(sigmoid(-1000)).toBe(0);
    expect(sigmoid(1000)).toBe(1);
  });
});
