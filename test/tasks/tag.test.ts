import { describe, expect, it } from 'vitest';
import { tag, tagStream } from '../../src/tasks/tag.ts';
import { call, collect, fakeContext, labels, models } from './fake-context.ts';

describe('tag', () => {
  it('labels every token, with its place in the text as it was sent', async () => {
    const { predictions, usage } = await tag(fakeContext(models.tag()), call(), { input: ['ab', '😀c'] });
    expect(predictions.map(({ tokens }) => tokens.map(({ text, start, end }) => [text, start, end]))).toEqual(
      [
        [
          ['a', 0, 1],
          ['b', 1, 2],
        ],
        [
          ['😀', 0, 2],
          ['c', 2, 3],
        ],
      ],
    );
    for (const { label } of predictions.flatMap(({ tokens }) => tokens)) expect(labels).toContain(label);
    expect(usage.unknown).toBe(1);
  });

  it('labels the words that stand in the text, not what the vocabulary makes of them', async () => {
    const words = { vocabulary: 'words', lowercase: true, tokens: ['?', 'the', 'end'] };
    const { predictions } = await tag(fakeContext(models.tag(words)), call(), { input: ' The END!' });
    expect(predictions[0]!.tokens.map(({ text, start, end }) => [text, start, end])).toEqual([
      ['The', 1, 4],
      ['END', 5, 8],
      ['!', 8, 9],
    ]);
  });

  it('streams a token event each, then the plain reply', async () => {
    const events = await collect(tagStream(fakeContext(models.tag()), call(), { input: 'abcde' }));
    const plain = await tag(fakeContext(models.tag()), call(), { input: 'abcde' });
    expect(events.map(({ event }) => event)).toEqual([...Array(5).fill('token'), 'done']);
    expect(events.slice(0, 5).map(({ data }) => data)).toEqual(plain.predictions[0]!.tokens);
    expect(events.at(-1)!.data).toEqual(plain);
  });
});
