import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/random.ts';
import { resolveNetwork } from '../../src/network/encoder-decoder.ts';
import { initialWeights } from '../../src/training/initialise.ts';
import { networkSpec } from '../../src/network/spec.ts';

const vocabulary = 7;
const lstmNetwork = networkSpec.parse({
  layers: [
    { type: 'embedding', name: 'in', vocabulary, units: 3 },
    { type: 'recurrent', name: 'cells', cell: 'lstm', units: 19, layers: 2 },
    { type: 'dense', name: 'out', units: 5, activation: 'softmax' },
  ],
});

const network = resolveNetwork(lstmNetwork, { kind: 'ids', vocabulary }, null);
const initial = (seed: number) => initialWeights(network, createRng(seed));
const units = 19;

describe('initial weights', () => {
  it('have orthonormal rows in every gate of a recurrent matrix', () => {
    const { values } = initial(1).get('cells.1.forward.weight_hh')!;
    for (let gate = 0; gate < 4; gate++)
      for (let a = 0; a < units; a++)
        for (let b = 0; b <= a; b++) {
          let product = 0;
          for (let k = 0; k < units; k++)
            product += values[(gate * units + a) * units + k]! * values[(gate * units + b) * units + k]!;
          expect(product).toBeCloseTo(a === b ? 1 : 0, 5);
        }
  });

  it('open the forget gate and leave the other biases at zero', () => {
    const bias = [...initial(1).get('cells.0.forward.bias_ih')!.values];
    expect(bias).toEqual(Array.from({ length: 4 * units }, (_, i) => (i >= units && i < 2 * units ? 1 : 0)));
    expect(
      initial(1)
        .get('out.bias')!
        .values.every((value) => value === 0),
    ).toBe(true);
  });

  it('keep a dense matrix within the limit of Glorot and Bengio', () => {
    const { values } = initial(1).get('out.weight')!;
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest).toBeLessThanOrEqual(Math.fround(Math.sqrt(6 / (units + 5))));
    expect(largest).toBeGreaterThan(0.3);
  });

  it('depend on the seed alone', () => {
    expect(initial(4)).toEqual(initial(4));
    expect(initial(4)).not.toEqual(initial(5));
  });
});
