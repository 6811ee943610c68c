import { describe, expect, it } from 'vitest';
import { infer } from '../../src/open-inference/infer.ts';
import { sourceSignature } from '../../src/open-inference/tensor-signature.ts';
import { call, fakeContext, models } from '../tasks/fake-context.ts';

describe('infer', () => {
  it('gives the rows of an answer that always has as many as an axis of their own', async () => {
    const model = models.predictRows();
    expect(sourceSignature(model).outputs).toEqual([{ name: 'output', datatype: 'FP32', shape: [-1, 3, 2] }]);
    const context = fakeContext(model, { output: 0.5 });
    const input = {
      name: 'input',
      datatype: 'FP32',
      shape: [2, 4, 2],
      values: Array<number>(16).fill(1),
    } as const;
    const { outputs } = await infer(context, call(), { inputs: [input], binary: false }, {});
    expect(outputs).toEqual([
      { name: 'output', datatype: 'FP32', shape: [2, 3, 2], values: Array<number>(12).fill(0.5) },
    ]);
  });
});
