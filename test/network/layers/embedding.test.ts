import { expect, it } from 'vitest';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import { network } from '../random-network.ts';

it('the reference gives the row of each id in order', () => {
  const spec = network([{ type: 'embedding', vocabulary: 3, units: 2 }]);
  const weight = { shape: [3, 2], values: Float32Array.of(0, 1, 10, 11, 20, 21) };
  const { output } = referenceNetwork(spec, new Map([['embedding_0.weight', weight]]), [2, 0, 2]);
  expect(output.map((row) => [...row])).toEqual([
    [20, 21],
    [0, 1],
    [20, 21],
  ]);
});
