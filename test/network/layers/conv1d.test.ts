import { describe, expect, it } from 'vitest';
import { resolveGraph } from '../../../src/network/graph.ts';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import { stepsBehind } from '../../../src/network/layers/conv1d/conv1d.ts';
import {
  asRows,
  features,
  ids,
  network,
  randomSequence,
  randomWeights,
  runAlone,
  createTestRunner,
  runPacked,
} from '../random-network.ts';

type Conv = Parameters<typeof network>[0][number] & { type: 'conv1d' };
const conv = (kernel: number, dilation: number, padding: 'causal' | 'same', units = 5): Conv => ({
  type: 'conv1d',
  name: 'conv',
  units,
  kernel,
  dilation,
  padding,
});

describe('a convolution over time', () => {
  it('multiplies the steps of its window, first step first, with zeros where there is none', () => {
    const spec = network([conv(3, 2, 'causal', 1)]);
    // one column: 100 · x(t − 4) + 10 · x(t − 2) + x(t)
    const weights = new Map([
      ['conv.weight', { shape: [1, 1, 3], values: Float32Array.of(100, 10, 1) }],
      ['conv.bias', { shape: [1], values: Float32Array.of(1000) }],
    ]);
    const x = [1, 2, 3, 4, 5, 6];
    const steps = x.map((value) => Float64Array.of(value));
    const expected = [1001, 1002, 1013, 1024, 1135, 1246];
    expect(referenceNetwork(spec, weights, steps).output.map(([y]) => y)).toEqual(expected);
    expect(runAlone(createTestRunner(spec, weights), Float32Array.from(x)).map(([y]) => y)).toEqual(expected);
    const centred = network([conv(4, 1, 'same', 1)]);
    // PyTorch, Keras: of an even window the longer half lies ahead
    const four = new Map([
      ...weights,
      ['conv.weight', { shape: [1, 1, 4], values: Float32Array.of(1e3, 100, 10, 1) }],
    ]);
    expect(referenceNetwork(centred, four, steps).output.map(([y]) => y! - 1000)).toEqual([
      123, 1234, 2345, 3456, 4560, 5600,
    ]);
  });

  const shapes = [1, 2, 3, 7].flatMap((kernel) =>
    [1, 3].flatMap((dilation) =>
      (['causal', 'same'] as const).map((padding) => ({ kernel, dilation, padding })),
    ),
  );
  it.each(shapes)(
    'agrees with float64 at any width: kernel $kernel, dilation $dilation, $padding',
    (shape) => {
      for (const [width, units] of [
        [1, 1],
        [3, 17],
        [16, 5],
        [37, 33],
      ] as const) {
        for (const activation of ['linear', 'relu', 'tanh', 'sigmoid'] as const) {
          const spec = network([{ ...conv(shape.kernel, shape.dilation, shape.padding, units), activation }]);
          const weights = randomWeights(spec, features(width));
          const sequence = randomSequence(features(width), 40, 5);
          const { output } = referenceNetwork(spec, weights, asRows(sequence, width));
          const runner = createTestRunner(spec, weights, { maxRows: 3, maxPacked: 200 });
          const seen = runAlone(runner, sequence);
          runner.release();
          output.forEach((row, t) =>
            row.forEach((value, k) => expect(Math.abs(seen[t]![k]! - value)).toBeLessThan(1e-5)),
          );
        }
      }
    },
  );

  it('gives packed sequences of any length what they give alone, past a block of windows', () => {
    const spec = network([
      { type: 'embedding', vocabulary: 9, units: 5 },
      { ...conv(4, 2, 'same', 6), activation: 'relu' },
      { ...conv(3, 1, 'causal', 3), name: 'second' },
    ]);
    const runner = createTestRunner(spec, randomWeights(spec, ids(9)));
    const steps = [130, 77, 77, 9, 3, 1];
    const sequences = steps.map((length, seed) => randomSequence(ids(9), length, seed));
    const together = runPacked(runner, sequences, steps);
    sequences.forEach((sequence, i) => expect(together[i]).toEqual(runAlone(runner, sequence)));
  });

  it('keeps of every sequence what its windows look back at, and no more', () => {
    const spec = network([conv(3, 2, 'causal'), { type: 'recurrent', cell: 'lstm', units: 4 }]);
    const runner = createTestRunner(spec, randomWeights(spec, features(3)));
    expect(runner.stateLength).toBe(2 * 4 + 4 * 3);
    const centred = network([conv(3, 2, 'same')]);
    expect(createTestRunner(centred, randomWeights(centred, features(3))).stateLength).toBe(0);
  });

  it('reads ahead where it is centred', () => {
    const causal = (layer: Conv): boolean => resolveGraph(network([layer]), features(3)).causal;
    expect(causal(conv(3, 1, 'causal'))).toBe(true);
    expect(causal(conv(3, 1, 'same'))).toBe(false);
    expect(causal(conv(1, 1, 'same'))).toBe(true);
    expect(stepsBehind(network([conv(4, 3, 'same')]).layers[0] as never)).toBe(4);
  });

  it('is refused where its windows are too long', () => {
    expect(() => resolveGraph(network([conv(128, 1024, 'causal')]), features(1))).toThrow(
      'layer conv: its windows are 130049 steps long, the limit is 4097',
    );
  });
});
