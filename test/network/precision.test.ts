import { describe, expect, it } from 'vitest';
import { getCellOptions } from '../../src/cells/recurrent-options.ts';
import { cellChoices, findCell } from '../../src/cells/registry.ts';
import type { CellWeights } from '../../src/cells/reference-step.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import { precisions } from '../../src/kernel/precision.ts';
import { compileNetwork, freeNetwork } from '../../src/network/compile-network.ts';
import { hashNetwork } from '../../src/network/hash-network.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';
import type { Weights } from '../../src/network/weights.ts';
import { quantisedLinear, quantisedStep } from '../reference/quantised-products.ts';
import {
  asRows,
  createTestRunner,
  features,
  ids,
  network,
  randomSequence,
  randomWeights,
  runAlone,
  tick,
} from './random-network.ts';

// A network with quantised weights, against the same arithmetic of whole numbers. Every step starts from the state that the
// kernel had: a rounding that falls the other way in the last bit of a state is a whole level of an activation.

const tensorsOf = (weights: Weights, layer: string): CellWeights => {
  const tensor = (part: string): Float32Array | undefined =>
    weights.get(`${layer}.0.forward.${part}`)?.values;
  return {
    weightIh: tensor('weight_ih')!,
    biasIh: tensor('bias_ih')!,
    weightHh: tensor('weight_hh'),
    biasHh: tensor('bias_hh'),
    peephole: tensor('peephole'),
  };
};

const cells = [
  ...cellChoices.map((choice) => [`${choice.cell} ${choice.reset ?? ''}`.trim(), choice] as const),
  ['rnn relu', { cell: 'rnn', activation: 'relu' }] as const,
  ['lstm with peepholes and a clip', { cell: 'lstm', peepholes: true, clip: 3 }] as const,
];

describe.each(['int8', 'int16'] as const)('with %s weights', (precision) => {
  it.each(cells)('%s takes the steps of the same whole numbers', (_, choice) => {
    for (const [units, width] of [
      [1, 3],
      [3, 1],
      [17, 17],
      [64, 5],
    ] as const) {
      const spec = network([{ type: 'recurrent', name: 'cells', ...choice, units }]);
      const [layer] = spec.layers;
      if (layer?.type !== 'recurrent') throw new Error('the layer is recurrent');
      const weights = randomWeights(spec, features(width));
      const options = getCellOptions(layer, 'forward');
      const cell = findCell(layer);
      const rows = 5;
      const steps = 6;
      const runner = createTestRunner(spec, weights, { precision, maxRows: rows, maxPacked: rows });
      const sequences = Array.from({ length: rows }, (__, row) =>
        randomSequence(features(width), steps, row),
      );
      sequences.forEach(() => runner.join());
      for (let t = 0; t < steps; t++) {
        const before = sequences.map((___, row) => runner.saveState(row));
        tick(runner, sequences, Array<number>(rows).fill(t), Array<number>(rows).fill(1));
        for (const row of [0, rows - 1]) {
          const x = (asRows(sequences[row]!, width) as Float64Array[])[t]!;
          const h = Float64Array.from(before[row]!.subarray(0, units));
          const c = cell.states.includes('c')
            ? Float64Array.from(before[row]!.subarray(units))
            : new Float64Array(units);
          const next = quantisedStep(cell, tensorsOf(weights, 'cells'), x, { h, c }, { options, precision });
          const after = runner.saveState(row);
          next.h.forEach((value, u) => expect(after[u]).toBeCloseTo(value, 5));
        }
      }
      runner.release();
    }
  });

  it.each([1, 3, 17, 257])('a dense layer of %i units has the logits of the same whole numbers', (units) => {
    const spec = network([{ type: 'dense', name: 'out', units, activation: 'softmax' }]);
    const weights = randomWeights(spec, features(33));
    const runner = createTestRunner(spec, weights, { precision, maxRows: 33, maxPacked: 33 });
    const x = randomSequence(features(33), 33, 4) as Float32Array;
    for (let row = 0; row < 33; row++) runner.join();
    runner.plan(Array<number>(33).fill(1));
    runner.features.set(x);
    const logits = runner.run([0, 32], 'logits').slice();
    [0, 32].forEach((row, i) => {
      const exact = quantisedLinear(
        weights.get('out.weight')!.values,
        x.subarray(row * 33, (row + 1) * 33),
        weights.get('out.bias')!.values,
        precision,
      );
      exact.forEach((value, k) => expect(logits[i * units + k]).toBeCloseTo(value, 5));
    });
    runner.release();
  });

  it('stays near what float32 weights give', () => {
    const spec = network([
      { type: 'recurrent', cell: 'lstm', units: 40, bidirectional: true },
      { type: 'dense', units: 5, activation: 'softmax' },
    ]);
    const weights = randomWeights(spec, features(12));
    const sequence = randomSequence(features(12), 50, 2);
    const [exact, quantised] = (['float32', precision] as const).map((one) => {
      const runner = createTestRunner(spec, weights, { precision: one });
      const rows = runAlone(runner, sequence);
      runner.release();
      return rows;
    });
    const distance = Math.max(
      ...quantised!.flatMap((row, t) => [...row].map((value, k) => Math.abs(value - exact![t]![k]!))),
    );
    expect(distance).toBeGreaterThan(0);
    expect(distance).toBeLessThan(precision === 'int8' ? 0.005 : 0.0002);
  });

  it('looks tokens up in a table of the projections of float32 weights', () => {
    const spec = network([
      { type: 'embedding', name: 'letters', vocabulary: 9, units: 6 },
      { type: 'recurrent', name: 'cells', cell: 'mingru', units: 7 },
    ]);
    const weights = randomWeights(spec, ids(9));
    const sequence = randomSequence(ids(9), 12, 3);
    const rows = (['float32', precision] as const).map((one) => {
      const runner = createTestRunner(spec, weights, { precision: one });
      const outputs = runAlone(runner, sequence);
      runner.release();
      return outputs;
    });
    // the cell has no other product
    expect(rows[1]).toEqual(rows[0]);
  });
});

describe('the precision of a network', () => {
  const layers: NetworkSpec = network([
    { type: 'recurrent', cell: 'lstm', units: 128, layers: 2 },
    { type: 'dense', units: 64 },
  ]);
  const weights = randomWeights(layers, features(64));

  it('decides what its weights take in memory: a half, and a quarter', () => {
    const kernel = createKernel({ mode: 'auto', memoryMegabytes: 64 });
    const [float32, int16, int8] = precisions.map((precision) => {
      const before = kernel.memory.used;
      const compiled = compileNetwork(layers, weights, kernel, precision);
      const { weightBytes } = compiled;
      expect(kernel.memory.used - before).toBeGreaterThanOrEqual(weightBytes);
      freeNetwork(compiled, kernel);
      expect(kernel.memory.used).toBe(before);
      return weightBytes;
    });
    expect(float32! / int16!).toBeGreaterThan(1.9);
    expect(float32! / int8!).toBeGreaterThan(3.5);
  });

  it('is part of the hash of its states, except float32, whose hashes stay what they were', () => {
    const hashes = precisions.map((precision) => hashNetwork(layers, weights, precision));
    expect(new Set(hashes).size).toBe(3);
    expect(hashNetwork(layers, weights)).toBe(hashes[0]);
  });

  it('is refused for rows that are too long to sum', () => {
    const wide = network([{ type: 'dense', name: 'out', units: 1 }]);
    const long = randomWeights(wide, features(65_537));
    const kernel = createKernel({ mode: 'auto', memoryMegabytes: 64 });
    const before = kernel.memory.used;
    expect(() => compileNetwork(wide, long, kernel, 'int8')).toThrow(
      'precision: out.weight has rows of 65537 weights, int8 takes 65536 at most',
    );
    expect(kernel.memory.used).toBe(before);
  });
});
