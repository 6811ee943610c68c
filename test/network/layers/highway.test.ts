import { expect, it } from 'vitest';
import { formatNetwork } from '../../../src/cli/format-network.ts';
import { resolveGraph } from '../../../src/network/graph.ts';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import {
  asRows,
  bits,
  features,
  network,
  randomSequence,
  randomWeights,
  runAlone,
  createTestRunner,
  runPacked,
  tick,
  type Sequence,
} from '../random-network.ts';

// A highway layer when it serves; its gradients are tested with those of the other layers (test/training).

type Activation = 'tanh' | 'relu';
const stack = (width: number, activation: Activation) =>
  network([
    { type: 'highway', activation },
    { type: 'recurrent', cell: 'gru', units: width },
    { type: 'highway', activation },
    { type: 'highway', activation },
  ]);
const cases = (['tanh', 'relu'] as const).flatMap((activation) =>
  [1, 3, 17, 257].map((width) => [activation, width] as const),
);

it.each(cases)('%s of %i: agrees with float64 alone and in batches', (activation, width) => {
  const spec = stack(width, activation);
  const input = features(width);
  const weights = randomWeights(spec, input);
  const sequences = [12, 9, 9, 1].map((steps, i) => randomSequence(input, steps, i));
  const runner = createTestRunner(spec, weights);
  const outputs = runPacked(runner, sequences, [12, 9, 9, 1]);
  sequences.forEach((sequence, row) => {
    const { output } = referenceNetwork(spec, weights, asRows(sequence, width));
    outputs[row]!.forEach((values, t) =>
      values.forEach((value, k) => expect(Math.abs(value - output[t]![k]!)).toBeLessThan(1e-5)),
    );
  });
  runner.release();
});

it.each(cases)(
  '%s of %i: has the same bits alone, batched and in chunks, on both paths',
  (activation, width) => {
    const spec = stack(width, activation);
    const input = features(width);
    const weights = randomWeights(spec, input);
    // more packed rows than gates are computed for at a time
    const steps = [40, 40, 39, 30, 7, 1];
    const sequences = steps.map((count, i): Sequence => randomSequence(input, count, i));
    const paths = (['plain', 'auto'] as const).map((mode) => createTestRunner(spec, weights, { mode }));
    const alone = sequences.map((sequence) => bits(runAlone(paths[0]!, sequence)));
    for (const runner of paths) {
      expect(runPacked(runner, sequences, steps).map(bits)).toEqual(alone);
      const row = runner.join();
      const chunks = [7, 1, 32].map(
        (count, i) => tick(runner, [sequences[0]!], [[0, 7, 8][i]!], [count])[0]!,
      );
      expect(bits(chunks.flat())).toEqual(alone[0]);
      runner.leave(row);
      runner.release();
    }
  },
);

it('gives what its equations give, computed by hand for one unit', () => {
  const spec = network([{ type: 'highway', name: 'way' }]);
  const tensor = (shape: number[], value: number) => ({ shape, values: Float32Array.of(value) });
  const weights = new Map([
    ['way.weight', tensor([1, 1], 2)],
    ['way.bias', tensor([1], -1)],
    ['way.gate_weight', tensor([1, 1], -3)],
    ['way.gate_bias', tensor([1], 0.5)],
  ]);
  const x = 0.75;
  const g = 1 / (1 + Math.exp(-(-3 * x + 0.5)));
  const wanted = g * Math.tanh(2 * x - 1) + (1 - g) * x;
  const { output } = referenceNetwork(spec, weights, [Float64Array.of(x)]);
  expect(output[0]![0]).toBeCloseTo(wanted, 14);
  const runner = createTestRunner(spec, weights);
  expect(runAlone(runner, Float32Array.of(x))[0]![0]).toBeCloseTo(wanted, 6);
  runner.release();
});

it('is as wide as its input, has four tensors and shows its activation', () => {
  const spec = network([{ type: 'highway', name: 'way', activation: 'relu' }]);
  const input = features(5);
  const { nodes } = resolveGraph(spec, input);
  expect(nodes[0]).toMatchObject({
    width: 5,
    shapes: [
      ['way.weight', [5, 5]],
      ['way.bias', [5]],
      ['way.gate_weight', [5, 5]],
      ['way.gate_bias', [5]],
    ],
  });
  const lines = formatNetwork({ network: spec, input, weights: randomWeights(spec, input), notes: [] });
  expect(lines[1]).toContain('highway: relu  5 → 5');
});
