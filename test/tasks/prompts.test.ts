import { describe, expect, it } from 'vitest';
import { promptsOf } from '../../src/tasks/prompts.ts';
import { fakeContext, models } from './fake-context.ts';

const { limits } = fakeContext(models.generate());
const read = (prompt: string | string[] | undefined, model = models.generate()) =>
  promptsOf(model, prompt, limits).map(({ ids, unknown }) => ({ ids: [...ids], unknown }));

describe('prompts', () => {
  it('are the start id and the text, unknown characters counted', () => {
    expect(read(['ab', 'XaY'])).toEqual([
      { ids: [8, 1, 2], unknown: 0 },
      { ids: [8, 0, 1, 0], unknown: 2 },
    ]);
  });

  it('have no more steps than the limit, the start id counted', () => {
    expect(read('a'.repeat(19))[0]!.ids).toHaveLength(20);
    for (const length of [20, 21, 1000])
      expect(() => read(['a', 'a'.repeat(length)])).toThrow('prompt[1]: at most 20 steps');
  });

  it('are named by their place in the list when they are wrong', () => {
    const model = models.generate({ start: undefined });
    expect(() => read(['a', ''], model)).toThrow('prompt[1]: colours cannot start without a prompt');
    expect(() => read([])).toThrow('the list is empty');
    expect(() => read(['a', 'a', 'a', 'a', 'a'])).toThrow('at most 4, was given 5');
  });

  it('need a vocabulary', () => {
    expect(() => read('a', models.predict())).toThrow('has no vocabulary');
  });
});
