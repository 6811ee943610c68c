import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onnxToNetwork } from '../../../src/formats/onnx/onnx-to-network.ts';
import { graphSettings } from '../../../src/formats/onnx/graph-settings.ts';
import { readOnnx, type OnnxModel } from '../../../src/formats/onnx/read-onnx.ts';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import type { OperatorGraphSpec } from '../../../src/network/layers/operator-graph/schema.ts';
import { asRows, runAlone, createTestRunner, tick } from '../../network/random-network.ts';

// Graphs that are not a stack of layers (golden/make-onnx-graphs.py), with expected outputs of PyTorch or
// NumPy.

const folder = join(import.meta.dirname, '../../golden/onnx-files/graphs');
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<
  string,
  { x: number[] | number[][]; y: number[][] }
>;
const readModel = (name: string): OnnxModel => readOnnx(readFileSync(join(folder, `${name}.onnx`)));
const readGraph = (name: string, settings?: object): OperatorGraphSpec => {
  const { network } = onnxToNetwork(readModel(name), settings && graphSettings.parse(settings));
  return network.layers[0] as OperatorGraphSpec;
};

describe('a graph that is not a stack of layers', () => {
  it.each(Object.keys(answers))('%s: matches PyTorch or NumPy', (name) => {
    const { network, weights, input } = onnxToNetwork(readModel(name));
    const { x, y } = answers[name]!;
    const sequence = input.kind === 'ids' ? Int32Array.from(x as number[]) : Float32Array.from(x.flat());
    const width = input.kind === 'ids' ? 0 : input.width;
    const { output } = referenceNetwork(network, weights, asRows(sequence, width));
    const runner = createTestRunner(network, weights);
    const emitted = runAlone(runner, sequence);
    runner.release();
    for (const [rows, most] of [
      [output, 2e-6],
      [emitted, 1e-5],
    ] as const) {
      const last = rows.slice(-y.length);
      y.forEach((row, t) => {
        expect(last[t]).toHaveLength(row.length);
        row.forEach((value, k) => expect(Math.abs(last[t]![k]! - value)).toBeLessThan(most));
      });
    }
  });

  it('follows what starts a recurrence to that recurrence’s end', () => {
    const { runs, states } = readGraph('frames-16');
    expect(runs).toBe('step');
    expect(states.map(({ input, shape }) => [input, shape])).toEqual([
      ['h', [2, 1, 7]],
      ['c', [2, 1, 7]],
    ]);
    const { notes } = onnxToNetwork(readModel('frames-16'));
    expect(notes.join('\n')).toContain('"c" is a state with the next value "cn"');
  });

  it('folds everything that does not depend on the input', () => {
    const names = readGraph('frames-16').operators.map(({ operator }) => operator);
    for (const gone of ['Shape', 'Constant', 'ConstantOfShape', 'Cast', 'Identity', 'If'])
      expect(names).not.toContain(gone);
    const file = readModel('frames-16').nodes.length;
    expect(names.length).toBeLessThan(file / 2);
  });

  it('runs once per sequence without states, with one output per row', () => {
    expect(readGraph('attends-16')).toMatchObject({
      runs: 'sequence',
      input: { shape: [1, -1, 4] },
      output: { gives: 'step' },
      units: 3,
    });
    expect(readGraph('pooled-16')).toMatchObject({
      runs: 'sequence',
      input: { vocabulary: 13 },
      output: { gives: 'sequence' },
      units: 4,
    });
    // steps first: the axis that it scans
    expect(readGraph('scan', { runs: 'sequence' }).input.shape).toEqual([-1, 1, 3]);
  });

  it.each([
    ['scan', 1],
    ['loop', 1],
    ['cells', 2],
  ])('%s: a loop over the steps runs step by step, with the carried values as states', (name, carried) => {
    const { network, weights } = onnxToNetwork(readModel(name));
    const [layer] = network.layers as [OperatorGraphSpec];
    expect(layer.runs).toBe('step');
    expect(layer.states).toHaveLength(carried);
    expect(layer.operators.map(({ operator }) => operator)).not.toContain('Loop');
    // in two chunks, the second in another batch row
    const sequence = Float32Array.from(answers[name]!.x.flat());
    const runner = createTestRunner(network, weights);
    const whole = runAlone(runner, sequence);
    runner.join();
    const [first] = tick(runner, [sequence], [0], [3]);
    const state = runner.saveState(0);
    runner.join(state);
    const steps = sequence.length / 3 - 3;
    const [, second] = tick(runner, [sequence, sequence], [3, 3], [steps, steps]);
    expect([...first!, ...second!]).toEqual(whole);
    runner.release();
  });

  it('prepends the context to each step', () => {
    const { input } = readGraph('frames-16', { context: 8 });
    expect(input).toMatchObject({ shape: [1, 32], context: 8 });
    const { network, weights } = onnxToNetwork(readModel('frames-16'), graphSettings.parse({ context: 8 }));
    const rows = Array.from({ length: 5 }, (_, t) =>
      Float64Array.from({ length: 24 }, (__, k) => Math.sin(t * 24 + k)),
    );
    const whole = Float64Array.from([...new Float64Array(8), ...rows.flatMap((row) => [...row])]);
    const overlapping = rows.map((_, t) => whole.slice(t * 24, t * 24 + 32));
    const without = onnxToNetwork(readModel('frames-16'));
    const { output } = referenceNetwork(network, weights, rows);
    expect(output).toEqual(referenceNetwork(without.network, without.weights, overlapping).output);
  });

  it.each([
    [{ set: { sr: 1 } }, 'graph.set: "sr", must be one of "samples", "h", "c"'],
    [
      { states: { h: 'cn', c: 'hn' } },
      'graph.states.h: "cn" is not the end of the recurrence that starts from it',
    ],
    [{ states: { h: 'speech' } }, 'graph.states.h: "speech" is not the end of the recurrence'],
    [{ states: { h: 'hn', c: 'speach' } }, 'graph.states: "speach", must be one of "speech"'],
    [{ shapes: { samples: [1, -1] }, runs: 'step' }, 'a window of'],
    [{ shapes: { samples: [1, 2] } }, 'graph.shapes.samples: size 2 of axis 1, which is 32 in the file'],
    [{ context: 32 }, 'graph.context: 32 numbers of context for a step of 32'],
    [{ set: { h: [1, 2, 3] } }, 'graph.set.h: 3 numbers'],
    [{ input: 'x' }, 'graph.input: "x", must be one of "samples"'],
  ])('refuses %j with the reason', (said, why) => {
    expect(() => readGraph('frames-16', said)).toThrow(why);
  });
});
