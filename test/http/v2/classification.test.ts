import { describe, expect, it } from 'vitest';
import { toClassification } from '../../../src/http/v2/classification.ts';
import { createTimeSlice } from '../../../src/time-slice.ts';

const slice = createTimeSlice();
const scores = (shape: number[], values: number[]) => ({
  name: 'scores',
  datatype: 'FP32' as const,
  shape,
  values: Float32Array.from(values),
});
const labels = ['red', 'green', 'blue'];

describe('a classification', () => {
  it('has the highest values of each row, with index and label', async () => {
    const tensor = scores([2, 3], [0.1, 0.7, 0.2, 0.25, 0.25, 0.5]);
    expect(await toClassification(tensor, labels, 2, slice)).toEqual({
      name: 'scores',
      datatype: 'BYTES',
      shape: [2, 2],
      values: ['0.7:1:green', '0.2:2:blue', '0.5:2:blue', '0.25:0:red'],
    });
  });

  it('numbers the values of a row through, without labels for other numbers of values', async () => {
    const tensor = {
      name: 'y',
      datatype: 'INT64' as const,
      shape: [1, 2, 2],
      values: [1, 5, 10, 2 ** 53 - 1],
    };
    expect((await toClassification(tensor, labels, 9, slice)).values).toEqual([
      '9007199254740991:3',
      '10:2',
      '5:1',
      '1:0',
    ]);
  });

  it('of no rows has none', async () => {
    expect(await toClassification(scores([0, 3], []), labels, 1, slice)).toMatchObject({
      shape: [0, 0],
      values: [],
    });
  });

  it.each([0.5, -1, 'two', true, []])('of %s values is refused', async (count) => {
    await expect(toClassification(scores([1, 1], [1]), [], count, slice)).rejects.toThrow(
      /^outputs\.scores\.parameters\.classification: must be a whole number from 1, was /,
    );
  });

  it('of texts and of NaN is refused', async () => {
    const texts = { name: 'label', datatype: 'BYTES' as const, shape: [1], values: ['red'] };
    await expect(toClassification(texts, labels, 1, slice)).rejects.toMatchObject({
      code: 'invalid_request',
    });
    await expect(toClassification(scores([1, 2], [1, NaN]), [], 1, slice)).rejects.toMatchObject({
      code: 'not_finite',
    });
  });
});
