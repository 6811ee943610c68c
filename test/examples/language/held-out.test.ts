import { expect, test } from 'vitest';
import { heldOutAccuracy, heldOutSentences } from '../../../examples/language/held-out.ts';

const declaration = (label: string, ...heldOut: string[]) => ({ label, name: label, train: [], heldOut });

/** Says b when it has seen a b, else a; remembers what it was asked. */
function server(asked: string[] = []) {
  return {
    post: async <T>(_: string, { input }: { input?: string[] }): Promise<T> => {
      asked.push(...input!);
      return {
        predictions: input!.map((text) => ({ label: text.includes('b') ? 'b' : 'a' })),
      } as T;
    },
  };
}

test('sentences are split, short ones left out, long ones cut', async () => {
  const paragraph = 'aaaa aaaa aaaa. aa. aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa.';
  const asked: string[] = [];
  const { sentences } = await heldOutAccuracy(server(asked), [declaration('a', paragraph)], 20);
  expect(sentences).toBe(2);
  expect(asked.map(({ length }) => length)).toEqual([15, 20]);
});

test('accuracy counts every sentence, its mean every language the same', async () => {
  const declarations = [
    declaration('a', 'aaaaa aaaaa.', 'aaaaa baaaa.', 'aaaaa aaaab.', 'aaaaa aaaaa.'),
    declaration('b', 'bbbbb bbbbb.'),
  ];
  expect(await heldOutAccuracy(server(), declarations, 20)).toEqual({
    sentences: 5,
    correct: 0.6,
    meanOfLanguages: 0.75,
    weakest: { a: 0.5 },
  });
});

test('what stands past the cut is not read', () => {
  const one = declaration('a', 'aaaaa aaaaa aaaaa bbbbb.');
  expect(heldOutSentences(one, 15).join('')).not.toContain('b');
  expect(heldOutSentences(one, 60).join('')).toContain('b');
});
