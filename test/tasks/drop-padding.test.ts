import { describe, expect, it } from 'vitest';
import { dropPadding } from '../../src/tasks/drop-padding.ts';

const text = { kind: 'text', vocabulary: 'words', lowercase: false, normalize: 'none' } as const;
const numeric = {
  kind: 'numeric' as const,
  features: [
    { name: 'a', mean: 0, scale: 1 },
    { name: 'b', mean: 1, scale: 2 },
  ],
};
const numbers = (...values: number[]) => ({
  values: Float32Array.from(values),
  steps: values.length / 2,
  unknown: 0,
  tokens: [],
});
const ids = (...values: number[]) => ({
  values: Int32Array.from(values),
  steps: values.length,
  unknown: 0,
  tokens: values.map((id, start) => ({ text: String(id), start, end: start + 1 })),
});

describe('padding in a sequence', () => {
  it('of ids is left out, with its tokens, wherever it is', () => {
    const { values, steps, tokens } = dropPadding(
      ids(0, 3, 0, 0, 5, 0),
      { inputs: text, padding: 0 },
      'input',
    );
    expect([...values]).toEqual([3, 5]);
    expect(steps).toBe(2);
    expect(tokens.map((token) => token.start)).toEqual([1, 4]);
  });

  it('of numbers is a step of which every value is the padding’s before it is scaled', () => {
    // −1 is −1 in the first column and (−1 − 1) / 2 in the second
    const { values, steps } = dropPadding(
      numbers(-1, -1, -1, 4, 2, -1, -1, -1),
      { inputs: numeric, padding: -1 },
      'input',
    );
    expect([...values]).toEqual([-1, 4, 2, -1]);
    expect(steps).toBe(2);
  });

  it('is kept by a model without padding', () => {
    const sequence = ids(0, 1);
    expect(dropPadding(sequence, { inputs: text }, 'input')).toBe(sequence);
  });

  it('that hides everything is refused', () => {
    expect(() => dropPadding(ids(0, 0), { inputs: text, padding: 0 }, 'input[1]')).toThrow(
      expect.objectContaining({ code: 'empty_input', message: 'input[1]: every step is padding' }) as Error,
    );
  });
});
