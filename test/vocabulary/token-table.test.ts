import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openTokens, packTokens } from '../../src/vocabulary/token-table.ts';

describe('packed tokens', () => {
  it('map every id to its text and every text to its id, as a list and a map do', () => {
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 60 });
    fc.assert(
      fc.property(texts, texts, (tokens, others) => {
        const table = openTokens(structuredClone(packTokens(tokens)));
        const ids = new Map(tokens.map((text, id) => [text, id]));
        expect(table.length).toBe(tokens.length);
        expect(tokens.map((_, id) => table.at(id))).toEqual(tokens);
        for (const text of [...tokens, ...others]) expect(table.findId(text)).toBe(ids.get(text));
      }),
    );
  });

  it('have no text for an invalid id', () => {
    const table = openTokens(packTokens(['a', 'b']));
    for (const id of [-1, 2, 0.5, NaN, Infinity]) expect(table.at(id)).toBeUndefined();
    expect(openTokens(packTokens([])).findId('a')).toBeUndefined();
  });

  it('keep long texts and lone surrogates unchanged', () => {
    const tokens = ['x'.repeat(20_000), '\ud83d', '\ude00', '\u{1f600}'];
    const table = openTokens(packTokens(tokens));
    expect(tokens.map((_, id) => table.at(id))).toEqual(tokens);
    expect(tokens.map((text) => table.findId(text))).toEqual([0, 1, 2, 3]);
  });
});
