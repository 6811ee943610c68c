import { describe, expect, it } from 'vitest';
import { readRawInput } from '../../../src/http/v2/raw-input.ts';
import { createTimeSlice } from '../../../src/time-slice.ts';

const slice = createTimeSlice();
const numbers = (...shape: number[]) => ({ name: 'x', datatype: 'FP32' as const, shape });
const bytes = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
const six = bytes(1, 2, 3, 4, 5, 6);

describe('bytes without a header', () => {
  it.each([
    [
      [-1, -1, 2],
      [1, 3, 2],
    ],
    [
      [-1, 3],
      [2, 3],
    ],
    [[-1], [6]],
    [
      [2, 3],
      [2, 3],
    ],
    [
      [-1, 2, 3],
      [1, 2, 3],
    ],
  ])('are an input of %j with the shape %j', async (declared, shape) => {
    expect(await readRawInput([numbers(...declared)], six, slice)).toEqual({
      name: 'x',
      datatype: 'FP32',
      shape,
      values: Float64Array.of(1, 2, 3, 4, 5, 6),
    });
  });

  it('are one text, all of them', async () => {
    const input = { name: 'input', datatype: 'BYTES' as const, shape: [-1] };
    expect(await readRawInput([input], Buffer.from('a\n😀'), slice)).toMatchObject({
      shape: [1],
      values: ['a\n😀'],
    });
    await expect(readRawInput([input], Buffer.from([0xff]), slice)).rejects.toThrow('is not UTF-8');
  });

  it.each([
    [
      'that do not fill a row',
      [numbers(-1, -1, 4)],
      six,
      /must have 16 bytes for \[1, 1, 4\] of FP32, was given 24/,
    ],
    ['of another fixed size', [numbers(2, 2)], six, /must have 16 bytes/],
    [
      'that are half a number',
      [numbers(-1)],
      six.subarray(1),
      /must have 20 bytes for \[5\] of FP32, was given 23/,
    ],
    ['of several inputs', [numbers(1), numbers(2)], six, /where a model has one input/],
  ])('%s are refused', async (_, inputs, body, says) => {
    await expect(readRawInput(inputs, body, slice)).rejects.toThrow(says);
  });
});
