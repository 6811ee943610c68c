import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { graphSettings } from '../../../src/formats/onnx/graph-settings.ts';
import { readImportedFile } from '../../../src/formats/read-imported.ts';
import { readArchive } from '../../../src/formats/torchscript/archive.ts';
import { torchscriptToGraph } from '../../../src/formats/torchscript/torchscript-to-graph.ts';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import type { SignedGraph } from '../../../src/operators/signature.ts';
import { asRows, runAlone, createTestRunner } from '../../network/random-network.ts';
import { runSignedGraph, type GoldenTensor } from './run-signed-graph.ts';

// Modules scripted and traced with PyTorch 1.13, with its own outputs (golden/make-torchscript-files.py).

interface Answer {
  readonly runs: readonly Readonly<Record<'inputs' | 'outputs', Readonly<Record<string, GoldenTensor>>>>[];
  readonly settings?: object;
}

const folder = join(import.meta.dirname, '../../golden/torchscript-files');
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<string, Answer>;
const readBytes = (name: string): Uint8Array => readFileSync(join(folder, `${name}.pt`));
const getSettings = (name: string) => graphSettings.parse(answers[name]!.settings ?? {});
const getGraph = (name: string): SignedGraph =>
  torchscriptToGraph(readArchive(readBytes(name)), getSettings(name));
const relative = (value: number, expected: number): number =>
  Math.abs(value - expected) / Math.max(1, Math.abs(expected));

describe('the code of a TorchScript archive as an operator graph', () => {
  it('is checked with 40 modules and more, scripted and traced', () => {
    expect(Object.keys(answers).length).toBeGreaterThanOrEqual(40);
  });

  it.each(Object.keys(answers))('%s: every output equals PyTorch’s', (name) => {
    const graph = getGraph(name);
    for (const { inputs, outputs } of answers[name]!.runs) {
      expect(graph.signature.inputs.map((input) => input.name)).toEqual(Object.keys(inputs));
      for (const [floats, most] of [
        [Float64Array, 1e-6],
        [Float32Array, 1e-5],
      ] as const) {
        const found = runSignedGraph(graph, inputs, floats);
        expect([...found.keys()]).toEqual(Object.keys(outputs));
        for (const [output, { kind, shape, values }] of Object.entries(outputs)) {
          const one = found.get(output)!;
          expect([one.kind, one.shape], output).toEqual([kind, shape]);
          const worst = values.map((value, i) => relative(one.values[i]!, value));
          expect(Math.max(...worst), output).toBeLessThan(most);
        }
      }
    }
  });
});

/** Modules with one sequence and one output, which need nothing in model.json. */
const served = [
  'rnn-relu-script',
  'rnn-relu-trace',
  'lstm-last-script',
  'lstm-last-trace',
  'gru-bidirectional-script',
  'gru-bidirectional-trace',
  'lstm-time-first-script',
  'lstm-time-first-trace',
  'lstm-projected-script',
  'lstm-projected-trace',
  'ids-lstm-script',
  'ids-gru-trace',
  'cell-loop-script',
  'fixed-decoder-script',
  'dot-attention-script',
  'dot-attention-trace',
  'conv-front-script',
  'conv-front-trace',
  'shared-script',
  'shared-trace',
  'residual-script',
  'residual-trace',
  'weight-norm-script',
  'weight-norm-trace',
];

/** One sequence of a batch. */
function getSequence({ shape, values }: GoldenTensor, batchAxis: number, row: number): number[] {
  const [first = 1, second = 1] = shape;
  const width = values.length / (first * second);
  const steps = batchAxis === 0 ? second : first;
  return Array.from({ length: steps }, (_, t) => {
    const at = batchAxis === 0 ? row * second + t : t * second + row;
    return values.slice(at * width, (at + 1) * width);
  }).flat();
}

describe('a TorchScript archive that is served', () => {
  it.each(served)('%s: each sequence of a batch alone equals PyTorch’s', async (name) => {
    const { network, weights, input } = (await readImportedFile(readBytes(name))).network();
    const runner = createTestRunner(network, weights);
    const axis = getGraph(name).signature.inputs[0]!.shape!.indexOf('batch');
    for (const { inputs, outputs } of answers[name]!.runs) {
      const [x] = Object.values(inputs);
      const [y] = Object.values(outputs);
      for (let row = 0; row < x!.shape[axis]!; row++) {
        const numbers = getSequence(x!, axis, row);
        const isLast = y!.shape.length === 2;
        const expected = isLast
          ? y!.values.slice(row * y!.shape[1]!, (row + 1) * y!.shape[1]!)
          : getSequence(y!, axis, row);
        const sequence = input.kind === 'ids' ? Int32Array.from(numbers) : Float32Array.from(numbers);
        const reference = referenceNetwork(
          network,
          weights,
          asRows(sequence, input.kind === 'ids' ? 0 : input.width),
        );
        for (const rows of [reference.output, runAlone(runner, sequence)]) {
          const found = rows.flatMap((one) => Array.from(one)).slice(-expected.length);
          expect(Math.max(...expected.map((value, i) => relative(found[i]!, value)))).toBeLessThan(1e-5);
        }
      }
    }
    runner.release();
  });

  it('becomes layers where it is a stack of them', async () => {
    const { network } = (await readImportedFile(readBytes('lstm-last-script'))).network();
    expect(network.layers.map(({ type }) => type)).toEqual(['recurrent', 'pool', 'dense']);
  });

  it('runs a loop over the steps step by step', async () => {
    const { network } = (await readImportedFile(readBytes('cell-loop-script'))).network();
    expect(network.layers).toMatchObject([{ type: 'operator_graph', runs: 'step' }]);
  });

  it.each([
    ['two-streams-script', /2 inputs besides states \("x", "z"\): in model\.json, graph\.set/],
    [
      'dict-out-script',
      /3 outputs besides states \("logits", "pooled", "class"\): in model\.json, graph\.output/,
    ],
    ['cell-loop-trace', /no recurrent module shows which axis of "x" .*graph\.shapes/],
  ])('%s is refused with what model.json must set', async (name, says) => {
    const file = await readImportedFile(readBytes(name));
    expect(() => file.network()).toThrow(says);
  });

  it('serves the output that model.json names', async () => {
    const file = await readImportedFile(readBytes('dict-out-script'));
    const { network } = file.network(graphSettings.parse({ output: 'logits' }));
    expect(network.layers.at(-1)).toMatchObject({ type: 'dense', units: 2 });
  });
});

describe('the signature of a TorchScript archive', () => {
  const shapes = (name: string) =>
    getGraph(name).signature.inputs.map((input) => [input.name, input.datatype, input.shape]);

  it.each([
    ['lstm-last-script', [['x', 'FP32', ['batch', 'time', 3]]]],
    ['lstm-time-first-trace', [['x', 'FP32', ['time', 'batch', 3]]]],
    ['ids-lstm-script', [['x', 'INT64', ['batch', 'time']]]],
    [
      'state-in-out-script',
      [
        ['x', 'FP32', ['batch', 'time', 3]],
        ['state_0', 'FP32', [2, 'batch', 4]],
        ['state_1', 'FP32', [2, 'batch', 4]],
      ],
    ],
    [
      'packed-script',
      [
        ['x', 'FP32', ['batch', 'time', 3]],
        ['lengths', 'INT64', ['batch']],
      ],
    ],
    [
      'two-streams-trace',
      [
        ['x', 'FP32', ['batch', 'time', 3]],
        ['z', 'FP32', ['batch', 'time_2', 2]],
      ],
    ],
    ['own-cell-script', [['x', 'FP32', ['x.0', 'time', 3]]]],
    ['conv-front-script', [['x', 'FP32', ['batch', 'time', 3]]]],
  ])('%s: sizes and types follow from the code and the weights', (name, expected) => {
    expect(shapes(name)).toEqual(expected);
  });

  it('has the names of a dictionary, and the places of a tuple, for outputs', () => {
    const names = (name: string): string[] => getGraph(name).signature.outputs.map((output) => output.name);
    expect(names('dict-out-script')).toEqual(['logits', 'pooled', 'class']);
    expect(names('state-in-out-script')).toEqual(['output_0', 'output_1_0', 'output_1_1']);
    expect(names('lstm-last-script')).toEqual(['output']);
  });
});
