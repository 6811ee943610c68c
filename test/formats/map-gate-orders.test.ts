import { expect, it } from 'vitest';
import { mapArrays } from '../../src/formats/map-arrays.ts';
import { resolveNetwork } from '../../src/network/encoder-decoder.ts';
import { networkSpec } from '../../src/network/spec.ts';
import { weightSource } from '../../src/network/weight-source.ts';
import type { Tensor } from '../../src/network/weights.ts';

const vector = (...values: number[]): Tensor => ({
  shape: [values.length],
  values: Float32Array.from(values),
});

it('reorders gates and peepholes, but not initial states', () => {
  const network = networkSpec.parse({
    layers: [{ type: 'recurrent', name: 'r', cell: 'lstm', units: 4, peepholes: true, initial_state: true }],
  });
  const four = (first: number): number[] => [first, first + 1, first + 2, first + 3];
  const blocks = (...firsts: number[]): number[] => firsts.flatMap(four);
  const arrays = new Map([
    // i o f c
    ['bias', vector(...blocks(0, 10, 20, 30))],
    // i o f
    ['p', vector(...blocks(0, 10, 20))],
    ['h', vector(...four(5))],
  ]);
  const onnx = (array: string) => ({ array, gates: 'onnx' });
  const { weights } = mapArrays(
    arrays,
    resolveNetwork(network, { kind: 'features', width: 1 }, null),
    weightSource.parse({
      tensors: {
        'r.0.forward.weight_ih': 0,
        'r.0.forward.weight_hh': 0,
        'r.0.forward.bias_ih': onnx('bias'),
        'r.0.forward.bias_hh': 0,
        'r.0.forward.peephole': onnx('p'),
        'r.0.forward.initial_h': onnx('h'),
        'r.0.forward.initial_c': 0,
      },
    }),
  );
  const values = (part: string): number[] => [...weights.get(`r.0.forward.${part}`)!.values];
  expect(values('bias_ih')).toEqual(blocks(0, 20, 30, 10));
  expect(values('peephole')).toEqual(blocks(0, 20, 10));
  expect(values('initial_h')).toEqual(four(5));
});
