import { describe, expect, it } from 'vitest';
import { activation } from '../../../src/kernel/reference/activations.ts';

const { linear, relu, sigmoid, tanh } = activation;

describe('reference activations', () => {
  it('take known values', () => {
    expect(sigmoid(0)).toBe(0.5);
    expect(sigmoid(Math.log(3))).toBeCloseTo(0.75, 15);
    expect(tanh(Math.log(2))).toBeCloseTo(0.6, 15);
    expect([relu(-2), relu(0), relu(3)]).toEqual([0, 0, 3]);
    expect(linear(-2)).toBe(-2);
  });

  it('give the limit at ±∞ and NaN at NaN', () => {
    expect([sigmoid(-Infinity), sigmoid(Infinity)]).toEqual([0, 1]);
    expect([tanh(-Infinity), tanh(Infinity)]).toEqual([-1, 1]);
    expect([relu(-Infinity), relu(Infinity)]).toEqual([0, Infinity]);
    for (const activation of [sigmoid, tanh, relu, linear]) expect(activation(NaN)).toBeNaN();
  });

  it('sigmoid does not overflow far from zero', () => {
    expect(sigmoid(-1000)).toBe(0);
    expect(sigmoid(1000)).toBe(1);
  });
});
