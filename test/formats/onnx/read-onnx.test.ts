import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../../bench/onnx/model.ts';
import { onnxToNetwork } from '../../../src/formats/onnx/onnx-to-network.ts';
import { readOnnx } from '../../../src/formats/onnx/read-onnx.ts';
import { readImportedFile } from '../../../src/formats/read-imported.ts';
import { expectAnswer, type Answer } from '../expect-answer.ts';

// Models as PyTorch 1.13 exports them to ONNX, opsets 11 and 16 (golden/make-onnx-files.py).

const folder = join(import.meta.dirname, '../../golden/onnx-files');
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<string, Answer>;
const converted = async (file: string) =>
  (await readImportedFile(readFileSync(join(folder, file)))).network();
const files = Object.keys(answers).flatMap((name) => [11, 16].map((opset) => [name, opset] as const));

describe('an ONNX graph', () => {
  it.each(files)('%s, opset %d, matches PyTorch', async (name, opset) => {
    expectAnswer(await converted(`${name}-${opset}.onnx`), answers[name]!);
  });

  it('becomes layers, with activations and biases folded into dense layers', async () => {
    const { network, notes, input } = await converted('tagger-gru-16.onnx');
    expect(
      network.layers.map((layer) => [layer.type, layer.type === 'dense' ? layer.activation : '']),
    ).toEqual([
      ['embedding', ''],
      ['recurrent', ''],
      ['recurrent', ''],
      ['dense', 'tanh'],
      ['dense', 'softmax'],
    ]);
    expect(input).toEqual({ kind: 'ids', vocabulary: 11 });
    expect(notes[0]).toBe('written by pytorch, opset 16');
  });

  it('converts state inputs and outputs to the model’s state', async () => {
    const { network, notes } = await converted('stateful-16.onnx');
    expect(network.layers).toHaveLength(2);
    expect(notes.join('\n')).toContain('"h" is a state with the next value "hn"');
  });

  it.each([
    ['ends-and-steps-16', /the rows of every step and the last ones of a bidirectional layer are both used/],
    ['conv-16', /Conv "\/conv\/Conv_output_0": it has other rows than the steps/],
  ])('%s becomes an operator graph when it is not a stack of layers, with the reason', async (file, why) => {
    const { network, notes } = await converted(`${file}.onnx`);
    expect(network.layers.map(({ type }) => type)).toEqual(['operator_graph']);
    expect(notes.at(-1)).toMatch(why);
  });

  it('is refused with every unsupported operator and where it is', () => {
    const node = (operator: string, from: string, to: string) => ({
      operator,
      inputs: [from],
      outputs: [to],
    });
    const bytes = encodeModel({
      name: 'strange',
      nodes: [node('Fold', 'x', 'a'), node('Tanh', 'a', 'b'), node('Fold', 'b', 'c'), node('Spin', 'c', 'y')],
      initializers: [],
      inputs: [{ name: 'x', type: 'float32', shape: [1, 3] }],
      outputs: [{ name: 'y', type: 'float32', shape: [1, 3] }],
    });
    expect(() => onnxToNetwork(readOnnx(bytes))).toThrow(
      '2 operators are not supported: Fold (2×, first "a"), Spin ("y")',
    );
  });

  it('is refused when a list is not collected by a loop', () => {
    const bytes = encodeModel({
      name: 'list',
      nodes: [
        { operator: 'SequenceEmpty', inputs: [], outputs: ['none'] },
        { operator: 'SequenceInsert', inputs: ['none', 'x'], outputs: ['one'] },
        { operator: 'ConcatFromSequence', inputs: ['one'], outputs: ['y'], attributes: { axis: 0 } },
      ],
      initializers: [],
      inputs: [{ name: 'x', type: 'float32', shape: [1, 3] }],
      outputs: [{ name: 'y', type: 'float32', shape: [1, 3] }],
    });
    expect(() => onnxToNetwork(readOnnx(bytes))).toThrow(
      'SequenceEmpty "none": a list must be collected by a loop',
    );
  });
});
