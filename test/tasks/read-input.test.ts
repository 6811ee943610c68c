import { describe, expect, it } from 'vitest';
import { readInputs } from '../../src/tasks/read-input.ts';
import type { TaskInput } from '../../src/tasks/task-input.ts';
import { fakeContext, models } from './fake-context.ts';

const { limits } = fakeContext(models.classify());
const text = models.classify();
const pairs = models.predict();
const series = models.predict({ features: [{ name: 'x' }] });
const read = (model: typeof text, input: unknown) => readInputs(model, input as TaskInput, limits);
const rows = async (model: typeof text, input: unknown) =>
  (await read(model, input)).map(({ values, steps }) => ({ values: [...values], steps }));

async function refusal(
  model: typeof text,
  input: unknown,
): Promise<{ code: unknown; field: unknown; message: string }> {
  try {
    await read(model, input);
  } catch (error) {
    const { code, field, message } = error as { code: unknown; field: unknown; message: string };
    return { code, field, message };
  }
  throw new Error('it was taken');
}

describe('text input', () => {
  it('is one text or a list of texts', async () => {
    expect(await rows(text, 'ab')).toEqual([{ values: [1, 2], steps: 2 }]);
    expect(await rows(text, ['ab', 'c'])).toHaveLength(2);
  });

  it('counts the characters that are not in the vocabulary', async () => {
    const [sequence] = await read(text, 'aXYb');
    expect([...sequence!.values]).toEqual([1, 0, 0, 2]);
    expect(sequence!.unknown).toBe(2);
  });

  it('is refused when it is empty, with its index', async () => {
    expect(await refusal(text, '')).toMatchObject({ code: 'empty_input', field: 'input' });
    expect(await refusal(text, [])).toMatchObject({ code: 'empty_input', field: 'input' });
    expect(await refusal(text, ['a', ''])).toMatchObject({ code: 'empty_input', field: 'input[1]' });
  });

  it('is refused when it is longer than the limit, with the limit', async () => {
    expect((await read(text, 'a'.repeat(20)))[0]!.steps).toBe(20);
    const { message, ...rest } = await refusal(text, ['a', 'a'.repeat(21)]);
    expect(rest).toEqual({ code: 'sequence_too_long', field: 'input[1]' });
    expect(message).toContain('at most 20 steps');
    expect(message).toContain('21');
  });

  it('is refused when there are too many texts', async () => {
    const { message, ...rest } = await refusal(text, ['a', 'a', 'a', 'a', 'a']);
    expect(rest).toEqual({ code: 'too_many_inputs', field: 'input' });
    expect(message).toContain('at most 4 sequences, was given 5');
  });

  it('is refused when it is numbers', async () => {
    expect(await refusal(text, [1, 2])).toMatchObject({ code: 'input_mismatch', field: 'input[0]' });
    expect(await refusal(text, ['a', [1]])).toMatchObject({ code: 'input_mismatch', field: 'input[1]' });
  });
});

describe('numeric input', () => {
  it('is [steps][features], or a list of those', async () => {
    const one = [
      [1, 2],
      [3, 4],
    ];
    expect(await rows(pairs, one)).toEqual([{ values: [1, 2, 3, 4], steps: 2 }]);
    expect(await rows(pairs, [one, [[5, 6]]])).toEqual([
      { values: [1, 2, 3, 4], steps: 2 },
      { values: [5, 6], steps: 1 },
    ]);
  });

  it('may be flat: one step of several features, or several steps of the only feature', async () => {
    expect(await rows(pairs, [1, 2])).toEqual([{ values: [1, 2], steps: 1 }]);
    expect(await rows(series, [1, 2])).toEqual([{ values: [1, 2], steps: 2 }]);
  });

  it('is refused with the input, step and feature that are not finite as a float32', async () => {
    const wrong: [unknown, string][] = [
      [[[1, NaN]], 'input[0][1]'],
      [
        [
          [1, 2],
          [-Infinity, 2],
        ],
        'input[1][0]',
      ],
      [
        [
          [[1, 2]],
          [
            [1, 2],
            [3, 1e300],
          ],
        ],
        'input[1][1][1]',
      ],
    ];
    for (const [input, field] of wrong)
      expect(await refusal(pairs, input)).toMatchObject({ code: 'not_finite', field });
  });

  it('is refused when a step has another number of features, with the step', async () => {
    const { message, ...rest } = await refusal(pairs, [[1, 2], [3]]);
    expect(rest).toEqual({ code: 'input_mismatch', field: 'input[1]' });
    expect(message).toContain('a step has 2 features, was given 1');
  });

  it('is refused when it is empty, also one of several', async () => {
    expect(await refusal(pairs, [])).toMatchObject({ code: 'empty_input' });
    expect(await refusal(pairs, [[[1, 2]], []])).toMatchObject({ code: 'empty_input', field: 'input[1]' });
  });

  it('is refused when its depths differ or it is text', async () => {
    for (const input of ['ab', ['a'], [1, [2]], [[1, 2], [[3, 4]]], [[1, [2]]]])
      expect(await refusal(pairs, input)).toMatchObject({ code: 'input_mismatch', field: 'input' });
  });

  it('is refused when it has more steps than the limit', async () => {
    const { message, ...rest } = await refusal(
      series,
      Array.from({ length: 21 }, () => 0),
    );
    expect(rest).toEqual({ code: 'sequence_too_long', field: 'input' });
    expect(message).toContain('at most 20 steps, was given 21');
  });
});
