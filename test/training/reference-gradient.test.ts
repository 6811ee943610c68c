import { describe, expect, it } from 'vitest';
import { referenceGradient } from '../../src/training/reference-gradient.ts';
import { example, gruNetwork, inFloat64, lstmNetwork, vocabulary, weightsOf } from './small-networks.ts';

describe.each([
  ['a stacked LSTM', lstmNetwork],
  ['a GRU with a mean over steps', gruNetwork],
])('the reference gradient of %s', (_, spec) => {
  it('is the slope of the loss along every weight', () => {
    const tensors = inFloat64(weightsOf(spec));
    const { ids, targets } = example(6, 1);
    const { gradient } = referenceGradient(spec, vocabulary, tensors, ids, targets);
    const lossAt = (values: Float64Array, index: number, value: number): number => {
      const kept = values[index]!;
      values[index] = value;
      const { loss } = referenceGradient(spec, vocabulary, tensors, ids, targets);
      values[index] = kept;
      return loss;
    };

    for (const [name, values] of tensors) {
      const slopes = gradient.get(name)!;
      const largest = slopes.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0);
      expect(largest, name).toBeGreaterThan(0);
      // every 7th weight is enough to meet every gate and column
      for (let i = 0; i < values.length; i += 7) {
        const step = 1e-4;
        const w = values[i]!;
        // five points: the error of the quotient itself falls with step⁴
        const quotient =
          (8 * (lossAt(values, i, w + step) - lossAt(values, i, w - step)) -
            (lossAt(values, i, w + 2 * step) - lossAt(values, i, w - 2 * step))) /
          (12 * step);
        expect(Math.abs(quotient - slopes[i]!), `${name}[${i}]`).toBeLessThan(1e-6 * largest);
      }
    }
  });
});
