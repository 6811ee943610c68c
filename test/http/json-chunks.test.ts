import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonChunks } from '../../src/http/json-chunks.ts';

const joinChunks = (value: unknown): string => [...jsonChunks(value)].join('');
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i / 7);

describe('JSON in pieces', () => {
  it('is the text of JSON.stringify for any value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        expect(joinChunks(value)).toBe(JSON.stringify(value));
      }),
    );
  });

  it.each<[what: string, value: unknown]>([
    ['a long list', numbers(50_000)],
    ['a list of long lists', [numbers(5000), [], numbers(5000), 1, numbers(3)]],
    ['an object of long lists', { a: numbers(9000), b: undefined, c: { d: numbers(9000) }, e: [] }],
    ['many small objects', numbers(20_000).map((score) => ({ label: 'a"b', score, none: undefined }))],
    ['one long text among short ones', ['a', 'é\n'.repeat(40_000), 'b']],
    ['a long text of pairs of surrogates', '😀'.repeat(30_000)],
    ['the same, cut elsewhere', `a${'😀'.repeat(30_000)}`],
    ['lone surrogates', `${'\ud83d'.repeat(20_000)}😀${'\ude00'.repeat(20_000)}`],
    ['undefined in a long list', [undefined, ...numbers(9000), undefined]],
    ['nothing', []],
  ])('is the same text for %s', (_, value) => {
    expect(joinChunks(value)).toBe(JSON.stringify(value));
    expect(joinChunks([value, value])).toBe(JSON.stringify([value, value]));
  });

  it('has no large piece of many small values', () => {
    const pieces = [...jsonChunks({ predictions: numbers(30_000).map((n) => ({ output: [n, n, n] })) })];
    expect(pieces.length).toBeGreaterThan(20);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(65_536);
  });

  it('has no large piece of a long text', () => {
    const pieces = [...jsonChunks({ hidden: 'A'.repeat(1_000_000) })];
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(65_536);
  });

  it('creates a piece only when it is requested', () => {
    let read = 0;
    const list = Array.from({ length: 1000 }, () => ({
      get value() {
        read++;
        return 'x'.repeat(1000);
      },
    }));
    const chunks = jsonChunks(list);
    chunks.next();
    expect(read).toBeLessThan(100);
  });
});
