import { describe, expect, it } from 'vitest';
import { exportGates, gateOrders, reorderGates } from '../../src/cells/gate-orders.ts';
import { usualOptions } from '../../src/cells/options.ts';
import { cellChoices, findCell } from '../../src/cells/registry.ts';
import { resolveGraph } from '../../src/network/graph.ts';
import { referenceNetwork } from '../../src/network/reference-network.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';
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
} from '../network/random-network.ts';

// What holds for every registered cell; its gradients are tested with those of the other layers (test/training).

const width = 5;
const steps = 12;
const input = features(width);
const unitCounts = [1, 3, 17, 257];
const batches = [1, 2, 5, 33];
const named = cellChoices.map((choice) => [Object.values(choice).join(' '), choice] as const);

describe.each(named)('cell %s: the record', (_, choice) => {
  const cell = findCell(choice);
  const names = cell.gates.map(({ name }) => name);

  it('has its gates once each, phase by phase', () => {
    const phases = cell.phases(usualOptions);
    expect(phases.flatMap(({ gates }) => gates)).toEqual(names);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(phases.map(({ name }) => name)).size).toBe(phases.length);
  });

  it('keeps one recurrent bias separate at most, and peepholes of its own gates', () => {
    const separate = cell.gates.filter(({ product }) => product === 'separate_bias');
    expect(separate.length).toBeLessThanOrEqual(1);
    expect(names).toEqual(expect.arrayContaining([...(cell.peepholes ?? [])]));
    expect(cell.supports.includes('peepholes')).toBe(cell.peepholes !== undefined);
  });

  it('finds its gates again in the order of every format that has the cell', () => {
    for (const order of gateOrders) {
      if (order !== 'pytorch' && !cell.sources[order]) {
        expect(() => reorderGates({ shape: [1], values: new Float32Array(1) }, cell, order)).toThrow(
          `${order} has no order of gates for a ${cell.name}`,
        );
        continue;
      }
      const values = Float32Array.from({ length: 2 * names.length }, (__, i) => i);
      const tensor = { shape: [values.length], values };
      expect(reorderGates(exportGates(tensor, cell, order), cell, order)).toEqual(tensor);
      expect([...exportGates(tensor, cell, order).values].toSorted((a, b) => a - b)).toEqual([...values]);
    }
  });
});

/** Largest difference of a sequence's outputs from the float64 reference. */
function worstError(
  spec: NetworkSpec,
  weights: ReturnType<typeof randomWeights>,
  sequence: Sequence,
  outputs: readonly Float32Array[],
): number {
  const { output } = referenceNetwork(spec, weights, asRows(sequence, width));
  return outputs.reduce(
    (most, row, t) =>
      row.reduce((worst, value, k) => Math.max(worst, Math.abs(value - output[t]![k]!)), most),
    0,
  );
}

describe.each(named)('cell %s: served', (_, choice) => {
  it.each(unitCounts)(
    'has the bits of a sequence alone in every batch, cut and restored: %i units',
    (units) => {
      const spec = network([{ type: 'recurrent', ...choice, units }]);
      const weights = randomWeights(spec, input);
      const runner = createTestRunner(spec, weights);
      const plain = createTestRunner(spec, weights, { mode: 'plain' });
      const sequences = Array.from({ length: Math.max(...batches) }, (__, i) =>
        randomSequence(input, steps, i),
      );
      const alone = sequences.map((sequence) => runAlone(runner, sequence));
      expect(worstError(spec, weights, sequences[0]!, alone[0]!)).toBeLessThan(1e-5);

      for (const batch of batches)
        for (const one of [runner, plain]) {
          const together = runPacked(one, sequences.slice(0, batch), Array(batch).fill(steps) as number[]);
          together.forEach((rows, i) => expect(bits(rows)).toEqual(bits(alone[i]!)));
        }

      // in chunks of 5, 4 and 3 steps, each from the state saved by the one before, in the second of two rows
      const chunks: Float32Array[] = [];
      let state: Float32Array | undefined;
      for (const length of [5, 4, 3]) {
        runner.join();
        runner.join(state);
        chunks.push(...tick(runner, sequences.slice(0, 2), [0, chunks.length], [length, length])[1]!);
        state = runner.saveState(1);
        runner.leave(1);
        runner.leave(0);
      }
      expect(bits(chunks)).toEqual(bits(alone[1]!));
      runner.release();
      plain.release();
    },
  );

  it('runs stacked and in both directions as the reference does, whatever it is batched with', () => {
    const spec = network([
      { type: 'recurrent', ...choice, units: 19, layers: 2, bidirectional: true },
      { type: 'recurrent', ...choice, units: 7, layers: 2 },
    ]);
    const weights = randomWeights(spec, input);
    const runner = createTestRunner(spec, weights);
    const lengths = [30, 30, 17, 4, 1];
    const sequences = lengths.map((length, i) => randomSequence(input, length, i));
    runPacked(runner, sequences, lengths).forEach((rows, i) => {
      expect(bits(rows)).toEqual(bits(runAlone(runner, sequences[i]!)));
      expect(worstError(spec, weights, sequences[i]!, rows)).toBeLessThan(1e-5);
    });
    runner.release();
  });

  it('starts from its initial states', () => {
    const spec = network([{ type: 'recurrent', ...choice, units: 17, initial_state: true }]);
    const weights = randomWeights(spec, input);
    const sequence = randomSequence(input, steps, 1);
    const runner = createTestRunner(spec, weights);
    const outputs = runAlone(runner, sequence);
    expect(runner.stateLength).toBe(17 * findCell(choice).states.length);
    expect(worstError(spec, weights, sequence, outputs)).toBeLessThan(1e-5);
    const [node] = resolveGraph(spec, input).nodes;
    const { forward } = (node as { tensors: { forward: Record<string, string> } }).tensors;
    for (const state of findCell(choice).states) {
      const moved = new Map(weights);
      const name = forward[`initial${state.toUpperCase()}`]!;
      moved.set(name, { shape: [17], values: new Float32Array(17).fill(0.9) });
      const other = createTestRunner(spec, moved);
      expect(bits(runAlone(other, sequence))).not.toEqual(bits(outputs));
      other.release();
    }
    runner.release();
  });
});
