import { describe, expect, it } from 'vitest';
import { createAdam } from '../../src/training/adam.ts';
import type { Parameter } from '../../src/training/layer.ts';

const parameter = (values: number[], gradient: number[], decays = false): Parameter => ({
  name: 'p',
  values: Float32Array.from(values),
  gradient: Float32Array.from(gradient),
  decays,
});

describe('Adam', () => {
  it('first steps by the rate against the sign of the gradient, whatever its size', () => {
    const p = parameter([1, 1, 1], [1e-3, -50, 0]);
    createAdam([p])(0.1);
    expect(p.values[0]).toBeCloseTo(0.9, 4);
    expect(p.values[1]).toBeCloseTo(1.1, 4);
    expect(p.values[2]).toBe(1);
  });

  it('follows the published update over several steps', () => {
    const p = parameter([0.5], [0]);
    const update = createAdam([p], { beta1: 0.8, beta2: 0.9, epsilon: 1e-6 });
    let [w, m, v] = [0.5, 0, 0];
    for (let t = 1; t <= 5; t++) {
      const slope = Math.sin(t);
      p.gradient[0] = slope;
      update(0.05);
      m = 0.8 * m + 0.2 * slope;
      v = 0.9 * v + 0.1 * slope ** 2;
      w -= (0.05 * (m / (1 - 0.8 ** t))) / (Math.sqrt(v / (1 - 0.9 ** t)) + 1e-6);
      expect(p.values[0]).toBeCloseTo(w, 5);
    }
  });

  it('decays matrices apart from the gradient, and leaves biases', () => {
    const matrix = parameter([2], [0], true);
    const bias = parameter([2], [0]);
    createAdam([matrix, bias], { decay: 0.5 })(0.1);
    expect(matrix.values[0]).toBeCloseTo(2 * 0.95, 6);
    expect(bias.values[0]).toBe(2);
  });
});
