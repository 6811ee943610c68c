import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { graphSettings } from '../../../src/formats/onnx/graph-settings.ts';
import { onnxToNetwork } from '../../../src/formats/onnx/onnx-to-network.ts';
import { onnxToSignedGraph } from '../../../src/formats/onnx/onnx-to-signed-graph.ts';
import { readOnnx } from '../../../src/formats/onnx/read-onnx.ts';
import { readImportedFile } from '../../../src/formats/read-imported.ts';
import type { ViewVerdict } from '../../../src/formats/view-verdicts.ts';
import { verifyView } from '../../../src/formats/operators/verify-view.ts';
import { convertView, listConversions } from '../../../src/formats/operators/view-to-network.ts';
import { findRowSteps, isSequenceToOne } from '../../../src/network/sequence-to-one.ts';
import { deriveViews } from '../../../src/operators/analysis/derive-view.ts';
import type { InputAxis, SequenceView, ViewInput } from '../../../src/operators/analysis/sequence-view.ts';
import { rowOfStep } from '../../../src/operators/row-count.ts';
import { runAlone, createTestRunner } from '../../network/random-network.ts';

// Files in the shapes that exporters write (golden/make-onnx-views.py), with onnxruntime's answers: their sequence view is
// derived, and what is wrong in a view is found by verification.

const folder = join(import.meta.dirname, '../../golden/onnx-files/views');
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<
  string,
  { x: number[][]; y: number[][] }
>;
const names = Object.keys(answers);
const getModel = (name: string) => readOnnx(readFileSync(join(folder, `${name}.onnx`)));
const defaults = graphSettings.parse({});
const getView = (name: string): SequenceView => deriveViews(onnxToSignedGraph(getModel(name)), defaults)[0]!;

describe('a sequence view', () => {
  it.each(names)('%s: gives onnxruntime’s numbers', (name) => {
    const { network, weights, input } = onnxToNetwork(getModel(name));
    const { x, y } = answers[name]!;
    const runner = createTestRunner(network, weights);
    const rows = runAlone(runner, (input.kind === 'ids' ? Int32Array : Float32Array).from(x.flat()));
    runner.release();
    const every = findRowSteps(network);
    const own = isSequenceToOne(network)
      ? rows.slice(-1)
      : rows.filter((_, t) => !every || rowOfStep(every, t) >= 0);
    expect(own).toHaveLength(y.length);
    y.forEach((row, r) => {
      expect(own[r]).toHaveLength(row.length);
      row.forEach((value, k) => expect(Math.abs(own[r]![k]! - value)).toBeLessThan(1e-5));
    });
  });

  it.each<[string, object]>([
    ['steps-first', { input: { axes: ['time', 'batch', 3] }, output: { time: 0, batch: 1 } }],
    ['lengths', { input: { name: 'x' }, lengths: [{ name: 'lens' }], output: { name: 'out' } }],
    [
      'step-with-states',
      {
        input: { name: 'obs' },
        states: [
          { input: { name: 'c_in' }, output: { name: 'c_out' } },
          { input: { name: 'h_in' }, output: { name: 'h_out' } },
        ],
        output: { name: 'actions' },
      },
    ],
    [
      'two-states-written-out',
      {
        input: { name: 'x' },
        states: [
          { input: { name: 'h' }, output: { name: 'h_next' } },
          { input: { name: 'c' }, output: { name: 'c_next' } },
        ],
      },
    ],
    ['state-in-only', { states: [], starts: [{ name: 'hidden' }] }],
    ['agent', { states: [{ input: { name: 'recurrent_in' } }], output: { name: 'actions' } }],
    ['image', { input: { axes: ['batch', 1, 8, 'time'] }, output: { rows: { stride: 4, offset: 0 } } }],
    ['ids-as-floats', { vocabulary: 11 }],
    ['strided-front', { output: { rows: { stride: 2, offset: 1 } } }],
    ['valid-strided-dilated', { output: { rows: { stride: 2, offset: -5 } } }],
    ['batch-first-forgotten', { input: { axes: ['time', 4, 3] } }],
  ])('%s: is derived from the dataflow', (name, expected) => {
    expect(getView(name)).toMatchObject(expected);
  });

  it.each([
    ['two-heads', 'more than one output could be the answer: "activity", "heart_rate"'],
    ['two-streams', 'the graph reads "mix", "reference"'],
    ['two-times', 'two candidates for time: recurrences run along "T" and "S"'],
    ['third-open-axis', 'of the axes "B", "T", "objects" one is neither batch nor time'],
    ['reshaped-not-transposed', "does not give what the file's graph gives for two sequences together"],
  ])('%s: is refused with the reason', (name, reason) => {
    expect(() => onnxToNetwork(getModel(name))).toThrow(reason);
  });

  it.each([
    ['two-heads', { output: 'heart_rate' }],
    ['third-open-axis', { shapes: { x: [1, -1, 2, 3] } }],
    ['two-states-written-out', { input: 'x', states: { h: 'h_next', c: 'c_next' } }],
  ])('%s: is what model.json says', (name, settings) => {
    expect(onnxToNetwork(getModel(name), graphSettings.parse(settings)).notes).not.toHaveLength(0);
  });

  it.each([
    ['steps-first', { shapes: { input: [-1, 2, 5] } }, 'size 5 of axis 2, which is 3 in the file'],
    ['steps-first', { shapes: { input: [1, -1, 3] } }, 'the steps are along a recurrence’s batch axis'],
    ['step-with-states', { states: { h_in: 'c_out', c_in: 'h_out' } }, 'is not the end of the recurrence'],
    [
      'two-states-written-out',
      { input: 'x', states: { h: 'y', c: 'c_next' } },
      'graph.states.h: "y" is FP32 [1, 2]',
    ],
    ['agent', { output: 'version' }, 'graph.output: "version" does not depend on "obs_0"'],
    ['lengths', { input: 'lens' }, 'the graph reads "x", for which no output is certain'],
  ])('%s: does not take %j from model.json', (name, settings, reason) => {
    expect(() => onnxToNetwork(getModel(name), graphSettings.parse(settings))).toThrow(reason);
  });
});

describe('a verdict', () => {
  it('of an earlier time replaces deriving and verifying', () => {
    for (const name of ['lengths', 'strided-front', 'agent']) {
      const { verdict, ...first } = onnxToNetwork(getModel(name));
      const { verdict: again, ...second } = onnxToNetwork(getModel(name), defaults, structuredClone(verdict));
      expect(again).toEqual(verdict);
      expect(second.network).toEqual(first.network);
      expect(second.weights).toEqual(first.weights);
    }
  });

  it('is refused with the reason of an earlier time', () => {
    expect(() => onnxToNetwork(getModel('lengths'), defaults, { reason: 'it was refused' })).toThrow(
      'it was refused',
    );
  });

  it('is kept for the same bytes and settings alone', async () => {
    const bytes = readFileSync(join(folder, 'lengths.onnx'));
    const verdicts = new Map<string, ViewVerdict>();
    (await readImportedFile(bytes, { verdicts })).network();
    const [key] = verdicts.keys();
    verdicts.set(key!, { reason: 'it was refused' });
    const file = await readImportedFile(bytes, { verdicts });
    expect(() => file.network()).toThrow('it was refused');
    expect(file.network(graphSettings.parse({ input: 'x' })).notes).not.toHaveLength(0);
    const changed = Buffer.from(bytes);
    changed[changed.indexOf('a script')] = 'b'.charCodeAt(0);
    expect((await readImportedFile(changed, { verdicts })).network().notes).not.toHaveLength(0);
    expect(verdicts.size).toBe(3);
  });
});

/** Views that are wrong in one respect. */
function* breakView(view: SequenceView): Generator<[what: string, view: SequenceView]> {
  const { input, states, lengths, output } = view;
  const [first, second] = states;
  if (first && second)
    yield [
      'exchanged states',
      {
        ...view,
        states: [
          { ...first, output: second.output },
          { ...second, output: first.output },
        ],
      },
    ];
  for (const state of states) {
    const rest = states.filter((one) => one !== state);
    yield [
      `${state.input.name} not carried`,
      { ...view, states: rest, starts: [...view.starts, state.input] },
    ];
    yield [`${state.input.name} left out`, { ...view, states: rest }];
  }
  for (const one of lengths)
    yield [`${one.name} left out`, { ...view, lengths: lengths.filter((other) => other !== one) }];
  for (const one of view.starts) yield [`${one.name} left out`, { ...view, starts: [] }];
  const exchange = <T>(list: readonly T[], a: number, b: number): T[] =>
    list.with(a, list[b]!).with(b, list[a]!);
  const roles = new Set<InputAxis>(['batch', 'time']);
  for (let a = 0; a < input.axes.length; a++)
    for (let b = a + 1; b < input.axes.length; b++)
      if (input.axes[a] !== input.axes[b] && (roles.has(input.axes[a]!) || roles.has(input.axes[b]!))) {
        const turn = (one: ViewInput): ViewInput => ({ ...one, axes: exchange(one.axes, a, b) });
        yield [`axes ${a} and ${b} exchanged`, { ...view, input: turn(input) }];
      }
  if (output.time !== null && output.batch !== null)
    yield [
      'batch and rows of the output exchanged',
      { ...view, output: { ...output, time: output.batch, batch: output.time } },
    ];
}

describe('verification', () => {
  const broken = names.flatMap((name) =>
    [...breakView(getView(name))].map(([what]) => [name, what] as const),
  );
  it.each(broken)('%s: refuses a view with %s', (name, what) => {
    const graph = onnxToSignedGraph(getModel(name));
    const wrong = [...breakView(getView(name))].find(([own]) => own === what)![1];
    const convert = () => {
      for (const conversion of listConversions(wrong))
        expect(() => verifyView(graph, wrong, convertView(conversion, graph, wrong))).toThrow(Error);
    };
    expect(convert).not.toThrow();
  });

  it('covers every kind of view', () => {
    const kinds = broken.map(([, what]) => what.replace(/^\S+ (left out|not carried)|\d and \d/, '$1'));
    expect(new Set(kinds).size).toBeGreaterThanOrEqual(5);
  });
});
