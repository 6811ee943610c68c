import { describe, expect, it } from 'vitest';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import { runAlone, createTestRunner } from '../../network/random-network.ts';
import { oneLayerNetwork } from './one-layer-network.ts';

// Cases in the layout of keras-js: a layer of Keras 2 with one set of options each, its weights, an input and the output.

const layers = ['LSTM', 'GRU', 'SimpleRNN'] as const;

interface Matrix {
  readonly data: number[];
  readonly shape: number[];
}
/** By `recurrent.<layer>.<case>`. */
export type Keras2Cases = Readonly<
  Record<string, { readonly input: Matrix; readonly weights: readonly Matrix[]; readonly expected: Matrix }>
>;
/** Options of each numbered case; `twice` is the second run of a stateful layer. */
const options: { sequences?: true; backwards?: true; twice?: true; sigmoid?: true }[] = [
  {},
  { sigmoid: true },
  { sequences: true },
  { backwards: true },
  { sequences: true, backwards: true },
  { twice: true },
  { sequences: true, twice: true },
  { backwards: true, twice: true },
  { sequences: true, backwards: true, twice: true },
];
const numbered = options.map((of, k) => ({ k, options: of }));

/** Tests that every case gives its output when converted, in emitted code and in the float64 reference. */
export function testKeras2Cells(readCases: (layer: string) => Keras2Cases): void {
  describe.each(layers)('%s of Keras 2', (layer) => {
    const cases = readCases(layer);
    it.each(numbered)('gives the expected output with $options (case $k)', ({ k, options: of }) => {
      const { input, weights: matrices, expected } = cases[`recurrent.${layer}.${k}`]!;
      const { network, weights } = oneLayerNetwork(
        layer,
        {
          units: matrices[1]!.shape[0],
          activation: of.sigmoid ? 'sigmoid' : 'tanh',
          recurrent_activation: of.sigmoid ? 'sigmoid' : 'hard_sigmoid',
          return_sequences: of.sequences === true,
          go_backwards: of.backwards === true,
          use_bias: matrices.length > 2,
        },
        matrices.map(({ data, shape }) => ({ shape, values: Float32Array.from(data) })),
        '2.1.2',
      );
      const [steps, width] = input.shape as [number, number];
      const x = Float32Array.from(of.twice ? [...input.data, ...input.data] : input.data);
      const rows = Array.from({ length: x.length / width }, (_, t) =>
        Float64Array.from(x.subarray(t * width, (t + 1) * width)),
      );
      const runner = createTestRunner(network, weights);
      const emitted = runAlone(runner, x);
      runner.release();
      for (const output of [emitted, referenceNetwork(network, weights, rows).output]) {
        const seen = output.slice(of.sequences ? -steps : -1).flatMap((row) => [...row]);
        expect(seen).toHaveLength(expected.data.length);
        expected.data.forEach((value, i) => expect(Math.abs(seen[i]! - value)).toBeLessThan(4e-6));
      }
    });
  });
}
