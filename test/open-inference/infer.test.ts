import { describe, expect, it } from 'vitest';
import { sourceSignature } from '../../src/open-inference/tensor-signature.ts';
import { infer } from '../support/task-replies.ts';
import { call, fakeContext, labels, models, outputAt } from '../tasks/fake-context.ts';

const texts = (...values: string[]) =>
  ({ name: 'input', datatype: 'BYTES', shape: [values.length], values }) as const;

describe('infer', () => {
  it('gives the scores of classify as the network gave them, in the order of the labels', async () => {
    const [label, scores] = await infer(fakeContext(models.classify()), call(), {
      inputs: [texts('ab', 'c')],
      binary: true,
    });
    const rows = [[1, 2], [3]].map((ids) => labels.map((_, k) => outputAt(ids, 1, ids.length, k)));
    expect(scores!.values).toEqual(Float32Array.from(rows.flat()));
    expect(label!.values).toEqual(rows.map((row) => labels[row.indexOf(Math.max(...row))]));
  });

  it('fills the labels and scores of shorter sequences up to the longest', async () => {
    const [tags, scores, lengths] = await infer(fakeContext(models.tag()), call(), {
      inputs: [texts('abc', 'a')],
      binary: false,
    });
    expect(tags!.shape).toEqual([2, 3]);
    expect(tags!.values.slice(4)).toEqual(['', '']);
    expect([...(scores!.values as Float32Array).subarray(4)]).toEqual([0, 0]);
    expect(lengths!.values).toEqual([3, 1]);
  });

  it('fails where a number is not finite', async () => {
    for (const model of [models.classify(), models.tag()]) {
      const asked = infer(fakeContext(model, { output: NaN }), call(), {
        inputs: [texts('a')],
        binary: true,
      });
      await expect(asked).rejects.toMatchObject({ code: 'internal' });
    }
  });

  it('gives a fixed number of rows an axis of their own', async () => {
    const model = models.predictRows();
    expect(sourceSignature(model).outputs).toEqual([{ name: 'output', datatype: 'FP32', shape: [-1, 3, 2] }]);
    const context = fakeContext(model, { output: 0.5 });
    const input = {
      name: 'input',
      datatype: 'FP32',
      shape: [2, 4, 2],
      values: Array<number>(16).fill(1),
    } as const;
    const outputs = await infer(context, call(), { inputs: [input], binary: false });
    expect(outputs).toEqual([
      { name: 'output', datatype: 'FP32', shape: [2, 3, 2], values: new Float32Array(12).fill(0.5) },
    ]);
  });

  it('passes ids to the network unchanged, also of a token whose text is not in normal form', async () => {
    // "A" is lowered when a text is read, and would be unknown
    const words = { vocabulary: 'words', lowercase: true, tokens: ['?', 'a', 'A', 'e\u0301'], unknown: 0 };
    for (const model of [models.classify({}, words), models.tag(words)]) {
      const context = fakeContext(model);
      const ids = { name: 'ids', datatype: 'INT64', shape: [2, 3], values: [2, 3, 1, 3, 0, 0] } as const;
      const lengths = { name: 'lengths', datatype: 'INT64', shape: [2], values: [3, 1] } as const;
      await infer(context, call(), { inputs: [ids, lengths], binary: false });
      expect(context.requests.map(({ input }) => [...input])).toEqual([[2, 3, 1], [3]]);
    }
  });

  it('adds the ids of a word’s characters to its own', async () => {
    const words = {
      vocabulary: 'words',
      lowercase: true,
      tokens: ['?', 'a', 'Ab'],
      unknown: 0,
      characters: { prefix: 1, suffix: 1, tokens: ['a', 'A', 'b'] },
    };
    const context = fakeContext(models.tag(words));
    const ids = { name: 'ids', datatype: 'INT32', shape: [1, 2], values: [2, 1] } as const;
    await infer(context, call(), { inputs: [ids], binary: false });
    expect([...context.requests[0]!.input]).toEqual([2, 3, 4, 1, 2, 2]);
  });

  it('refuses an id outside the vocabulary, with its place', async () => {
    const context = fakeContext(models.classify());
    for (const [values, field] of [
      [[1, 9], 'inputs.ids[0][1]'],
      [[-1, 1], 'inputs.ids[0][0]'],
    ] as const) {
      const ids = { name: 'ids', datatype: 'INT64', shape: [1, 2], values } as const;
      const asked = infer(context, call(), { inputs: [ids], binary: false });
      await expect(asked).rejects.toMatchObject({ code: 'invalid_request', field });
    }
    expect(context.requests).toHaveLength(0);
  });
});
