import { describe, expect, it } from 'vitest';
import { mapArrays } from '../../src/formats/map-arrays.ts';
import { resolveNetwork } from '../../src/network/encoder-decoder.ts';
import { networkSpec } from '../../src/network/spec.ts';
import { weightSource } from '../../src/network/weight-source.ts';
import type { Tensor } from '../../src/network/weights.ts';

// The field `weights` of a model.json.

const tensor = (...shape: number[]): Tensor => ({
  shape,
  values: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => i),
});
const network = (cell: 'lstm' | 'rnn') =>
  resolveNetwork(
    networkSpec.parse({ layers: [{ type: 'recurrent', name: 'cells', cell, units: 2 }] }),
    { kind: 'features', width: 3 },
    null,
  );
const mapped = (tensors: object, arrays: [string, Tensor][], cell: 'lstm' | 'rnn' = 'lstm') =>
  mapArrays(new Map(arrays), network(cell), weightSource.parse({ tensors })).weights;
const part = (name: string): string => `cells.0.forward.${name}`;
const rest = { [part('weight_hh')]: 0, [part('bias_ih')]: 0, [part('bias_hh')]: 0 };

describe('mapArrays', () => {
  it('converts a cuDNN layout: a gate’s matrix [units, in] under the shape [in, units]', () => {
    const weights = mapped(
      { ...rest, [part('weight_ih')]: { array: 'k', layout: 'cudnn', gates: 'keras' } },
      [['k', tensor(3, 8)]],
    );
    const { shape, values } = weights.get(part('weight_ih'))!;
    expect(shape).toEqual([8, 3]);
    // gate i: columns 0 and 1 of [3, 8] row by row
    expect([...values.subarray(0, 6)]).toEqual([0, 1, 8, 9, 16, 17]);
    expect([...values.subarray(6, 12)]).toEqual([2, 3, 10, 11, 18, 19]);
  });

  it('picks a row of a vector of rows', () => {
    const weights = mapped(
      {
        ...rest,
        [part('weight_ih')]: 0,
        [part('bias_ih')]: { array: 'b', row: 0, gates: 'keras' },
        [part('bias_hh')]: { array: 'b', row: 1, gates: 'keras' },
      },
      [['b', tensor(16)]],
    );
    expect([...weights.get(part('bias_ih'))!.values]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([...weights.get(part('bias_hh'))!.values]).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
  });

  it.each<[string, object, Tensor, 'lstm' | 'rnn', RegExp]>([
    [
      'a row that is not there',
      { [part('bias_ih')]: { array: 'a', row: 2 } },
      tensor(16),
      'lstm',
      /has no row 2/,
    ],
    [
      'rows of another length',
      { [part('bias_ih')]: { array: 'a', row: 0 } },
      tensor(15),
      'lstm',
      /has no row 0/,
    ],
    [
      'a vector for a matrix of cuDNN',
      { [part('weight_ih')]: { array: 'a', layout: 'cudnn' } },
      tensor(24),
      'lstm',
      /\[24\] is not a matrix of a cell that has a CuDNN layer/,
    ],
    [
      'a cell without a CuDNN layer',
      { [part('weight_ih')]: { array: 'a', layout: 'cudnn' } },
      tensor(3, 2),
      'rnn',
      /\[3, 2\] is not a matrix of a cell that has a CuDNN layer/,
    ],
    [
      'an array that is not there',
      { [part('bias_ih')]: 'b' },
      tensor(8),
      'lstm',
      /the file has no array "b"/,
    ],
  ])('refuses: %s', (_, tensors, array, cell, says) => {
    expect(() => mapped({ ...rest, [part('weight_ih')]: 0, ...tensors }, [['a', array]], cell)).toThrow(says);
  });
});
