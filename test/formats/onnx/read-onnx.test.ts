import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readForeign } from '../../../src/formats/read-foreign.ts';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import { runAlone, runnerOf } from '../../network/random-network.ts';

// Models as PyTorch 1.13 exports them to ONNX, opsets 11 and 16 (golden/make-onnx-files.py).

const folder = join(import.meta.dirname, '../../golden/onnx-files');
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<
  string,
  { x: number[] | number[][]; y: number[][] }
>;
const converted = async (file: string) => (await readForeign(readFileSync(join(folder, file)))).network();
const files = Object.keys(answers)
  .filter((name) => name !== 'conv' && name !== 'ends-and-steps')
  .flatMap((name) => [11, 16].map((opset) => [name, opset] as const));

describe('an ONNX graph', () => {
  it.each(files)('%s, opset %d, answers as in PyTorch', async (name, opset) => {
    const { network, weights } = await converted(`${name}-${opset}.onnx`);
    const { x, y } = answers[name]!;
    const ids = !Array.isArray(x[0]);
    const steps = ids ? (x as number[]) : (x as number[][]).map((row) => Float64Array.from(row));
    const { output } = referenceNetwork(network, weights, steps);
    const runner = runnerOf(network, weights);
    const emitted = runAlone(runner, ids ? Int32Array.from(x as number[]) : Float32Array.from(x.flat()));
    runner.release();
    for (const [rows, most] of [
      [output, 2e-6],
      [emitted, 1e-5],
    ] as const) {
      const last = rows.slice(-y.length);
      expect(last[0]).toHaveLength(y[0]!.length);
      y.forEach((row, t) =>
        row.forEach((value, k) => expect(Math.abs(last[t]![k]! - value)).toBeLessThan(most)),
      );
    }
  });

  it('becomes layers, with activations and biases in their dense layers', async () => {
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

  it('keeps states that go in and out as the model’s own', async () => {
    const { network, notes } = await converted('stateful-16.onnx');
    expect(network.layers).toHaveLength(2);
    expect(notes.join('\n')).toContain('its state is an input and an output of the graph');
  });

  it('is refused where a layer would have to give its ends and its steps', async () => {
    await expect(converted('ends-and-steps-16.onnx')).rejects.toThrow(
      /both the rows of every step and the last ones/,
    );
  });

  it('is refused with every operator that is missing, and where', async () => {
    await expect(converted('conv-16.onnx')).rejects.toThrow(
      /1 operators cannot be converted: Conv "\/conv\/Conv": there is no such operator here/,
    );
    await expect(converted('conv-16.onnx')).rejects.toMatchObject({ code: 'invalid_model' });
  });
});
