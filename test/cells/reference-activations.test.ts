import { describe, expect, it } from 'vitest';
import type { CellActivation } from '../../src/cells/options.ts';
import { activation, clippedActivation } from '../../src/cells/reference-activations.ts';

const of = (type: CellActivation['type'], alpha = 0, beta = 0) => activation({ type, alpha, beta });

describe('the activations of a cell', () => {
  it('take known values', () => {
    expect([-2, 0, 3].map(of('affine', 2, 1))).toEqual([-3, 1, 7]);
    expect([-2, 0, 3].map(of('leaky_relu', 0.5))).toEqual([-1, 0, 3]);
    expect([-2, 0.5, 0.75, 3].map(of('thresholded_relu', 0.5))).toEqual([0, 0, 0.75, 3]);
    expect(of('scaled_tanh', 3, 2)(Math.log(2) / 2)).toBeCloseTo(1.8, 14);
    expect([-3, -2.5, 0, 1, 2.5, 3].map(of('hard_sigmoid', 0.2, 0.5))).toEqual([0, 0, 0.5, 0.7, 1, 1]);
    expect([-Infinity, 0, 3].map(of('elu', 2))).toEqual([-2, 0, 3]);
    expect(of('elu', 2)(-Math.log(2))).toBeCloseTo(-1, 14);
    expect([-Infinity, -3, 0, 1, Infinity].map(of('softsign'))).toEqual([-1, -0.75, 0, 0.5, 1]);
    expect(of('softplus')(0)).toBeCloseTo(Math.log(2), 15);
    expect([-Infinity, 1000, Infinity].map(of('softplus'))).toEqual([0, 1000, Infinity]);
  });

  it('are applied to the clipped sum', () => {
    const relu = clippedActivation({ type: 'relu', alpha: 0, beta: 0 }, 0.5);
    expect([-3, 0.25, 3].map(relu)).toEqual([0, 0.25, 0.5]);
    expect(relu(NaN)).toBeNaN();
  });
});
