import { describe, expect, it } from 'vitest';
import { cellChoices } from '../../src/cells/registry.ts';
import { planInside, type InsidePlan, type InsideRows } from '../../src/network/inside.ts';
import { cellVariants } from './cell-variants.ts';
import { referenceInside, type ReferenceInside } from '../reference/reference-inside.ts';
import {
  asRows,
  bits,
  createTestRunner,
  features,
  ids,
  network,
  randomSequence,
  randomWeights,
  tick,
  type Sequence,
} from './random-network.ts';

const kinds = ['hidden', 'cell', 'gates'] as const;
const width = 5;
const steps = 9;
/** Of two ticks: a sequence's values go on where the tick before ended. */
const cut = 4;
const batches = [1, 2, 5, 33];

const cells = {
  lstm: { cell: 'lstm' },
  'gru reset after': { cell: 'gru', reset: 'after' },
  'gru reset before': { cell: 'gru', reset: 'before' },
  'rnn tanh': { cell: 'rnn', activation: 'tanh' },
  'rnn relu': { cell: 'rnn', activation: 'relu' },
  mingru: { cell: 'mingru' },
  cifg: { cell: 'cifg' },
} as const;

type TestRunner = ReturnType<typeof createTestRunner>;

/** Runs whole sequences in two ticks. @returns their outputs, and the inside rows of those that ask */
function runTwice(
  runner: TestRunner,
  sequences: readonly Sequence[],
  asks: (row: number) => InsidePlan | null,
): { outputs: Float32Array[][]; inside: (Float32Array | null)[]; states: Float32Array[] } {
  sequences.forEach(() => runner.join());
  const parts = [
    [0, cut],
    [cut, steps],
  ].map(([from, to]) => {
    const rows = new Map<number, InsideRows>();
    sequences.forEach((_, row) => {
      const plan = asks(row);
      if (plan) rows.set(row, { plan, values: new Float32Array(plan.width * (to! - from!)).fill(NaN) });
    });
    const outputs = tick(
      runner,
      sequences,
      sequences.map(() => from!),
      sequences.map(() => to! - from!),
      rows.size > 0 ? rows : null,
    );
    return { outputs, rows };
  });
  const states = sequences.map((_, row) => runner.saveState(row));
  while (runner.rows > 0) runner.leave(runner.rows - 1);
  return {
    outputs: sequences.map((_, row) => parts.flatMap(({ outputs }) => outputs[row]!)),
    inside: sequences.map((_, row) =>
      asks(row) ? Float32Array.from(parts.flatMap(({ rows }) => [...rows.get(row)!.values])) : null,
    ),
    states,
  };
}

/** The reference's row of a step in the order of a plan's columns. */
const expectedRow = ({ hidden, cell, gates }: ReferenceInside, hasCell: boolean): number[] => [
  ...hidden,
  ...(hasCell ? cell : []),
  ...Object.values(gates).flat(),
];

describe.each(Object.entries(cells))('%s', (_, cell) => {
  it.each([1, 3, 17, 257])(
    'at %i units reports the values that float64 gives and changes no bit, in any batch',
    (units) => {
      const spec = network([{ type: 'recurrent', ...cell, units }]);
      const input = features(width);
      const weights = randomWeights(spec, input);
      const runner = createTestRunner(spec, weights, { maxRows: 33, maxPacked: 33 * steps });
      const [layer] = runner.insideLayers;
      const plan = planInside([layer!], kinds, null);
      const alone: Float32Array[] = [];
      for (const batch of batches) {
        const sequences = Array.from({ length: batch }, (__, row) => randomSequence(input, steps, row));
        const without = runTwice(runner, sequences, () => null);
        const all = runTwice(runner, sequences, (row) => (row % 2 === 0 ? plan : null));
        expect(all.outputs.map(bits)).toEqual(without.outputs.map(bits));
        expect(bits(all.states)).toEqual(bits(without.states));
        all.inside.forEach((rows, row) => {
          if (!rows) return;
          for (let t = 0; t < steps; t++) {
            // the network is this layer alone: its outputs are the kernel's own h
            const at = t * plan.width;
            expect(bits([rows.subarray(at, at + units)])).toEqual(bits([all.outputs[row]![t]!]));
          }
          if (layer!.hasCellState) {
            const last = (steps - 1) * plan.width;
            expect(bits([rows.subarray(last, last + 2 * units)])).toEqual(bits([all.states[row]!]));
          }
          alone[row] ??= rows;
          expect(bits([rows])).toEqual(bits([alone[row]]));
        });
      }
      const exact = referenceInside(cell, units, weights, `${layer!.name}.0.forward`, [
        ...(asRows(randomSequence(input, steps, 0), width) as Float64Array[]),
      ]).flatMap((row) => expectedRow(row, layer!.hasCellState));
      expect(alone[0]).toHaveLength(exact.length);
      const worst = Math.max(...exact.map((value, i) => Math.abs(value - alone[0]![i]!)));
      expect(worst).toBeLessThan(1e-5);
      runner.release();
    },
  );
});

const every = {
  ...cellVariants,
  ...Object.fromEntries(cellChoices.map((choice) => [Object.values(choice).join(' '), choice])),
};

it.each(Object.entries(every))("%s: the reported h is the kernel's own", (_, variant) => {
  const spec = network([{ type: 'recurrent', ...variant, units: 21 }]);
  const runner = createTestRunner(spec, randomWeights(spec, features(width)));
  const plan = planInside(runner.insideLayers, kinds, null);
  const { outputs, inside } = runTwice(
    runner,
    [1, 2, 3].map((seed) => randomSequence(features(width), steps, seed)),
    () => plan,
  );
  inside.forEach((rows, row) => {
    const hidden = outputs[row]!.map((__, t) => rows!.subarray(t * plan.width, t * plan.width + 21));
    expect(bits(hidden)).toEqual(bits(outputs[row]!));
  });
  runner.release();
});

it('reports gates from which h and c follow', () => {
  const units = 40;
  const spec = network([{ type: 'recurrent', cell: 'lstm', units }]);
  const runner = createTestRunner(spec, randomWeights(spec, features(width)));
  const plan = planInside(runner.insideLayers, kinds, null);
  const { inside } = runTwice(runner, [randomSequence(features(width), steps, 3)], () => plan);
  const value = (t: number, column: number, unit: number): number =>
    t < 0 ? 0 : inside[0]![t * plan.width + column * units + unit]!;
  for (let t = 0; t < steps; t++)
    for (let unit = 0; unit < units; unit++) {
      const [h, c, i, f, g, o] = [0, 1, 2, 3, 4, 5].map((column) => value(t, column, unit));
      expect(Math.abs(f! * value(t - 1, 1, unit) + i! * g! - c!)).toBeLessThan(1e-6);
      expect(Math.abs(o! * Math.tanh(c!) - h!)).toBeLessThan(1e-6);
    }
  runner.release();
});

it('reports layers of a stack over looked-up ids, and chosen units in their order', () => {
  const spec = network([
    { type: 'embedding', vocabulary: 11, units: 6 },
    { type: 'recurrent', cell: 'gru', units: 20, layers: 2, name: 'body' },
    { type: 'dense', units: 4 },
  ]);
  const input = ids(11);
  const runner = createTestRunner(spec, randomWeights(spec, input), { maxRows: 33, maxPacked: 33 * steps });
  expect(runner.insideLayers.map(({ name, units }) => [name, units])).toEqual([
    ['body.0', 20],
    ['body.1', 20],
  ]);
  const everything = planInside(runner.insideLayers, kinds, null);
  const units = [19, 0, 16];
  const chosen = planInside(runner.insideLayers.slice(1), ['gates'], units);
  const sequences = Array.from({ length: 33 }, (_, row) => randomSequence(input, steps, row));
  const full = runTwice(runner, sequences, () => everything);
  const some = runTwice(runner, sequences, (row) => (row === 17 ? chosen : null));
  expect(some.outputs.map(bits)).toEqual(full.outputs.map(bits));
  const { at } = everything.parts[1]!;
  for (let t = 0; t < steps; t++) {
    const row = full.inside[17]!.subarray(t * everything.width);
    const gate = (index: number, unit: number): number => row[at + (1 + index) * 20 + unit]!;
    expect([...some.inside[17]!.subarray(t * 9, (t + 1) * 9)]).toEqual(
      [0, 1, 2].flatMap((index) => units.map((unit) => gate(index, unit))),
    );
  }
  runner.release();
});

describe.each(['step', 'first'] as const)('both directions, the backward one taken at each %s', (at) => {
  it('are reported by step in the order of the sequence, whatever the lengths', () => {
    const units = 18;
    const spec = network([
      { type: 'recurrent', cell: 'lstm', units, bidirectional: true, backward_at: at, initial_state: true },
    ]);
    const input = features(width);
    const weights = randomWeights(spec, input);
    const runner = createTestRunner(spec, weights, { maxRows: 33, maxPacked: 33 * 20 });
    const [layer] = runner.insideLayers;
    const plan = planInside([layer!], kinds, null);
    const lengths = Array.from({ length: 33 }, (_, row) => 20 - Math.floor(row / 2));
    const sequences = lengths.map((length, row) => randomSequence(input, length, row));
    const run = (inside: Map<number, InsideRows> | null): Float32Array[][] => {
      sequences.forEach(() => runner.join());
      const from = sequences.map(() => 0);
      const outputs = tick(runner, sequences, from, lengths, inside);
      while (runner.rows > 0) runner.leave(runner.rows - 1);
      return outputs;
    };
    const rows = new Map(
      [0, 1, 16, 32].map((row) => [row, { plan, values: new Float32Array(plan.width * lengths[row]!) }]),
    );
    const outputs = run(rows);
    expect(outputs.map(bits)).toEqual(run(null).map(bits));
    expect(plan.parts.map(({ direction }) => direction)).toEqual(['forward', 'backward']);
    for (const [row, { values }] of rows)
      for (let t = 0; t < lengths[row]!; t++) {
        const hidden = (part: number, step: number): Float32Array =>
          values.subarray(step * plan.width + plan.parts[part]!.at).subarray(0, units);
        const backward = hidden(1, at === 'first' ? 0 : t);
        expect(bits([hidden(0, t), backward])).toEqual(bits([outputs[row]![t]!]));
      }
    runner.release();
  });
});

it('lists no layer that does not run, and no gates of a plain cell', () => {
  const spec = network([
    { type: 'recurrent', cell: 'lstm', units: 4, name: 'unread' },
    { type: 'recurrent', cell: 'rnn', units: 4, name: 'read', inputs: ['input'] },
    { type: 'dense', units: 2 },
  ]);
  const runner = createTestRunner(spec, randomWeights(spec, features(width)));
  expect(runner.insideLayers).toEqual([
    { name: 'read', node: 1, units: 4, directions: ['forward'], hasCellState: false, gates: [] },
  ]);
  expect(planInside(runner.insideLayers, ['cell', 'gates'], null)).toEqual({
    parts: [],
    width: 0,
    firstStep: 0,
  });
  runner.release();
});
