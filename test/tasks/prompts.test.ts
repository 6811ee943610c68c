import { describe, expect, it } from 'vitest';
import { readPrompts } from '../../src/tasks/prompts.ts';
import { fakeContext, models } from './fake-context.ts';

const { limits } = fakeContext(models.generate());
const read = async (prompt: string | string[] | undefined, model = models.generate()) =>
  (await readPrompts(model, prompt, limits)).map(({ ids, unknown }) => ({ ids: [...ids], unknown }));

describe('prompts', () => {
  it('are the start id and the text, unknown characters counted', async () => {
    expect(await read(['ab', 'XaY'])).toEqual([
      { ids: [8, 1, 2], unknown: 0 },
      { ids: [8, 0, 1, 0], unknown: 2 },
    ]);
  });

  it('have no more steps than the limit, the start id counted', async () => {
    expect((await read('a'.repeat(19)))[0]!.ids).toHaveLength(20);
    for (const length of [20, 21, 1000])
      await expect(read(['a', 'a'.repeat(length)])).rejects.toThrow('prompt[1]: at most 20 steps');
  });

  it('are named by their index in errors', async () => {
    const model = models.generate({ start: undefined });
    await expect(read(['a', ''], model)).rejects.toThrow('prompt[1]: colours cannot start without a prompt');
    await expect(read([])).rejects.toThrow('the list is empty');
    await expect(read(['a', 'a', 'a', 'a', 'a'])).rejects.toThrow('at most 4, was given 5');
  });

  it('need a vocabulary', async () => {
    await expect(read('a', models.predict())).rejects.toThrow('has no vocabulary');
  });
});
