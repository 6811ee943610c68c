import { describe, expect, it } from 'vitest';
import { createCrfPotentials } from '../../../../src/decoding/crf/potentials.ts';
import { tag, tagStream } from '../../../support/task-replies.ts';
import { call, collect, fakeContext, labels, models } from '../../../tasks/fake-context.ts';

describe('tag', () => {
  it('labels every token, with its position in the text as it was sent', async () => {
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

  it('reports the words of the text, not their normalised forms', async () => {
    const words = { vocabulary: 'words', lowercase: true, tokens: ['?', 'the', 'end'] };
    const { predictions } = await tag(fakeContext(models.tag(words)), call(), { input: ' The END!' });
    expect(predictions[0]!.tokens.map(({ text, start, end }) => [text, start, end])).toEqual([
      ['The', 1, 4],
      ['END', 5, 8],
      ['!', 8, 9],
    ]);
  });

  it('labels a whole sequence with a CRF where the model has one', async () => {
    const size = labels.length;
    // whatever the scores, only the next label of the list may follow one, from the first on
    const transitions = new Float32Array(size * size).fill(-1e4);
    for (let k = 0; k < size; k++) transitions[k * size + ((k + 1) % size)] = 0;
    const start = Float32Array.from({ length: size }, (_, k) => (k === 0 ? 0 : -1e4));
    const chain = createCrfPotentials({ labels: size, transitions, start, end: new Float32Array(size) });
    const context = (): ReturnType<typeof fakeContext> => fakeContext({ ...models.tag(), chain });
    const { predictions } = await tag(context(), call(), { input: ['abcdea', 'b'] });
    expect(predictions.map(({ tokens }) => tokens.map(({ label }) => label))).toEqual([
      [...labels, ...labels.slice(0, 2)],
      [labels[0]],
    ]);
    expect(predictions[0]!.tokens[3]).toEqual({ text: 'd', label: labels[3], score: 1, start: 3, end: 4 });
    const events = await collect(tagStream(context(), call(), { input: 'abcdea' }));
    expect(events.slice(0, 6).map(({ data }) => data)).toEqual(predictions[0]!.tokens);
    expect(events.map(({ event }) => event)).toEqual([...Array(6).fill('token'), 'done']);
  });

  it('streams an event for each token, then the plain reply', async () => {
    const events = await collect(tagStream(fakeContext(models.tag()), call(), { input: 'abcde' }));
    const plain = await tag(fakeContext(models.tag()), call(), { input: 'abcde' });
    expect(events.map(({ event }) => event)).toEqual([...Array(5).fill('token'), 'done']);
    expect(events.slice(0, 5).map(({ data }) => data)).toEqual(plain.predictions[0]!.tokens);
    expect(events.at(-1)!.data).toEqual(plain);
  });
});
