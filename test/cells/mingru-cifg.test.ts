import { describe, expect, it } from 'vitest';
import { cifg } from '../../src/cells/cifg.ts';
import { mingru } from '../../src/cells/mingru.ts';
import { referenceStep } from '../../src/cells/reference-step.ts';
import { networkTensors, resolveNetwork } from '../../src/network/encoder-decoder.ts';
import { resolveGraph } from '../../src/network/graph.ts';
import {
  bits,
  features,
  network,
  randomSequence,
  randomWeights,
  runAlone,
  createTestRunner,
} from '../network/random-network.ts';

const sigma = (x: number): number => 1 / (1 + Math.exp(-x));

describe('minGRU', () => {
  it('mixes the state with a candidate, both gates from the input alone', () => {
    const weights = { weightIh: [0.3, -0.8], biasIh: [0.1, 0.2] };
    const { h } = referenceStep(mingru)(weights, [0.7], { h: Float64Array.of(-0.4), c: Float64Array.of(9) });
    const z = sigma(0.3 * 0.7 + 0.1);
    expect(h[0]).toBeCloseTo((1 - z) * -0.4 + z * (-0.8 * 0.7 + 0.2), 15);
  });

  it('has no recurrent tensors', () => {
    const spec = network([{ type: 'recurrent', name: 'cells', cell: 'mingru', units: 4 }]);
    const [[, tensors]] = networkTensors(resolveNetwork(spec, features(3), null)) as [[string, unknown]];
    expect(tensors).toEqual([
      ['cells.0.forward.weight_ih', [8, 3]],
      ['cells.0.forward.bias_ih', [8]],
    ]);
  });

  it.each([
    [{ recurrent_dropout: 0.2 }, 'recurrent_dropout'],
    [{ clip: 1 }, 'clip'],
    [{ input_forget: true }, 'input_forget'],
    [{ activations: { candidate: { type: 'tanh' } } }, 'activations.candidate'],
  ])('refuses %j by field', (fields, field) => {
    const spec = network([{ type: 'recurrent', name: 'r', cell: 'mingru', units: 2, ...fields } as never]);
    expect(() => resolveGraph(spec, features(3))).toThrow(
      expect.objectContaining({ code: 'invalid_model', field: `network.layers.0.${field}` }),
    );
  });
});

describe('CIFG', () => {
  const inputs = features(3);
  const units = 19;
  const coupled = network([{ type: 'recurrent', name: 'cells', cell: 'cifg', units }]);
  const weights = randomWeights(coupled, inputs);

  it('has three blocks of rows, input, candidate and output', () => {
    const step = referenceStep(cifg);
    const rows = { weightIh: [0.1, -0.2, 0.3], weightHh: [0.5, 0.6, -0.7], biasIh: [0.01, 0.02, 0.03] };
    const [h, c, x] = [-0.4, 0.9, 0.7];
    const sums = rows.weightIh.map((w, k) => w * x + rows.biasIh[k]! + rows.weightHh[k]! * h + 0.1);
    const next = step({ ...rows, biasHh: [0.1, 0.1, 0.1] }, [x], {
      h: Float64Array.of(h),
      c: Float64Array.of(c),
    });
    const [i, g, o] = [sigma(sums[0]!), Math.tanh(sums[1]!), sigma(sums[2]!)];
    expect(next.c[0]).toBeCloseTo((1 - i) * c + i * g, 15);
    expect(next.h[0]).toBeCloseTo(o * Math.tanh(next.c[0]!), 15);
  });

  it('has the bits of an LSTM with an input-forget gate', () => {
    const lstm = network([{ type: 'recurrent', name: 'cells', cell: 'lstm', units, input_forget: true }]);
    const spread = new Map(
      [...weights].map(([name, { shape, values }]) => {
        const size = values.length / 3;
        const all = new Float32Array(4 * size);
        [0, 2, 3].forEach((to, from) => all.set(values.subarray(from * size, (from + 1) * size), to * size));
        return [name, { shape: [4 * units, ...shape.slice(1)], values: all }] as const;
      }),
    );
    const sequence = randomSequence(inputs, 40, 2);
    const [one, other] = [createTestRunner(coupled, weights), createTestRunner(lstm, spread)];
    expect(bits(runAlone(one, sequence))).toEqual(bits(runAlone(other, sequence)));
    one.release();
    other.release();
  });
});
