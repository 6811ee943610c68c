import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ImportedNetwork } from '../../../src/formats/imported-network.ts';
import { onnxToNetwork } from '../../../src/formats/onnx/onnx-to-network.ts';
import { readOnnx } from '../../../src/formats/onnx/read-onnx.ts';
import { isSequenceToOne } from '../../../src/network/sequence-to-one.ts';
import { createTestRunner, runAlone, tick, type Sequence } from '../../network/random-network.ts';

// Files as PyTorch's exporter writes them (golden/make-onnx-raised.py), with onnxruntime's answers: which of them become
// layers, and that these give the same numbers in any batch and any chunks.

const folder = join(import.meta.dirname, '../../golden/onnx-files/raised');
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<
  string,
  { x: number[][]; y: number[][] }
>;
const names = Object.keys(answers);
const read = (name: string): ImportedNetwork =>
  onnxToNetwork(readOnnx(readFileSync(join(folder, `${name}.onnx`))));
const layerTypes = (name: string): string[] => read(name).network.layers.map(({ type }) => type);
const toSequence = ({ input }: ImportedNetwork, rows: readonly number[][]): Sequence =>
  (input.kind === 'ids' ? Int32Array : Float32Array).from(rows.flat());

it('every file has an answer', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.onnx'));
  expect(files.map((file) => file.replace('.onnx', '')).sort()).toEqual(names.toSorted());
});

it.each(names)('%s: gives onnxruntime’s numbers', (name) => {
  const imported = read(name);
  const { x, y } = answers[name]!;
  const runner = createTestRunner(imported.network, imported.weights);
  const rows = runAlone(runner, toSequence(imported, x));
  runner.release();
  const own = isSequenceToOne(imported.network) ? rows.slice(-1) : rows;
  const largest = Math.max(...y.flat().map(Math.abs));
  expect(own).toHaveLength(y.length);
  y.forEach((row, t) => {
    expect(own[t]).toHaveLength(row.length);
    row.forEach((value, k) => expect(Math.abs(own[t]![k]! - value) / largest).toBeLessThan(1e-5));
  });
});

describe('a graph that is called once a step', () => {
  it.each([
    ['step-lstm', ['embedding', 'recurrent', 'dense']],
    ['step-lstm-stack', ['embedding', 'recurrent', 'recurrent', 'recurrent', 'dense']],
    ['step-gru-stack', ['embedding', 'recurrent', 'recurrent', 'dense']],
    ['step-rnn', ['embedding', 'recurrent', 'dense']],
    ['step-flat-states', ['recurrent', 'dense']],
    ['step-batch-first-states', ['recurrent', 'recurrent', 'dense']],
    ['step-joined-states', ['recurrent', 'dense']],
    ['step-two-layers', ['recurrent', 'recurrent', 'dense']],
    ['step-lstm-cells', ['recurrent', 'recurrent', 'dense']],
    ['step-gru-cell', ['recurrent', 'dense']],
  ])('%s: becomes layers, whose states are its states', (name, types) => {
    expect(layerTypes(name)).toEqual(types);
    const { notes, givesTensors } = read(name);
    expect(notes.join('\n')).toMatch(/is a state with the next value/);
    // its file's tensors have the states: they are computed by its graph
    expect(givesTensors).toBe(false);
  });

  it.each([
    ['not-reads-state', 'verification: a sequence of 5 steps does not give'],
    ['not-coupled-gates', 'operators cannot be converted'],
    ['not-skips', 'verification: a sequence of 5 steps does not give'],
    ['not-bidirectional', 'it runs backward over the one step of a call'],
  ])('%s: stays an operator graph: %s', (name, why) => {
    expect(layerTypes(name)).toEqual(['operator_graph']);
    const notes = read(name).notes.filter((one) => one.startsWith('not converted to layers'));
    expect(notes.join()).toContain(why);
  });

  it.each(names.filter((name) => name.startsWith('step-')))(
    '%s: has the bits that it has alone, in batches of 2, 5 and 33 and call by call',
    (name) => {
      const imported = read(name);
      const { x } = answers[name]!;
      const sequence = toSequence(imported, x);
      const runner = createTestRunner(imported.network, imported.weights);
      const alone = runAlone(runner, sequence);
      for (const batch of [2, 5, 33]) {
        const sequences = Array.from({ length: batch }, () => sequence);
        // each row is a call ahead of the next
        const last = batch - 1;
        sequences.forEach(() => runner.join());
        const found: Float32Array[] = [];
        const others = (from: number, steps: number): void => {
          const ticked = tick(
            runner,
            sequences,
            Array<number>(batch).fill(from),
            Array<number>(batch).fill(steps),
          );
          found.push(...ticked[last]!);
        };
        others(0, 1);
        others(1, x.length - 3);
        others(x.length - 2, 1);
        others(x.length - 1, 1);
        expect(found).toEqual(alone);
        for (let row = last; row >= 0; row--) runner.leave(row);
      }
      runner.release();
    },
  );

  it('goes on from a saved state', () => {
    const imported = read('step-lstm-stack');
    const sequence = toSequence(imported, answers['step-lstm-stack']!.x);
    const runner = createTestRunner(imported.network, imported.weights);
    const alone = runAlone(runner, sequence);
    runner.join();
    const [first] = tick(runner, [sequence], [0], [4]);
    const saved = runner.saveState(0);
    runner.join(saved);
    const steps = sequence.length - 4;
    const [, second] = tick(runner, [sequence, sequence], [4, 4], [steps, steps]);
    expect([...first!, ...second!]).toEqual(alone);
    runner.release();
  });
});

describe('a sequence', () => {
  it.each([
    ['log-softmax', ['embedding', 'recurrent', 'dense']],
    ['log-of-softmax', ['recurrent', 'dense']],
    ['last-squeezed', ['recurrent', 'pool', 'dense']],
    ['ends', ['recurrent', 'pool', 'dense']],
    ['ends-stack', ['recurrent', 'recurrent', 'pool', 'dense']],
    ['ends-view', ['recurrent', 'pool', 'dense']],
    ['ends-of-halves', ['recurrent', 'pool', 'dense']],
    ['norm-in', ['recurrent', 'dense']],
    ['norm-out', ['recurrent', 'dense']],
    ['norm-relu', ['recurrent', 'pool', 'dense', 'dense']],
    ['standardised', ['recurrent', 'dense']],
    // what would cancel in a sum of products is subtracted first
    ['far-from-zero', ['dense', 'recurrent', 'dense']],
    ['causal-front', ['conv1d', 'recurrent', 'dense']],
    ['not-ends-turned', ['operator_graph']],
    ['not-log-softmax-of-time', ['operator_graph']],
  ])('%s: becomes %j', (name, types) => expect(layerTypes(name)).toEqual(types));

  it('that ends in a log softmax gives the file’s tensors on layers', () => {
    const { network, givesTensors } = read('log-softmax');
    expect(network.layers.at(-1)).toMatchObject({ type: 'dense', activation: 'log_softmax' });
    expect(givesTensors).toBe(true);
  });
});
