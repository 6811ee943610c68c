import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson, maxUnslicedBytes } from '../../../src/http/body/parse-json.ts';

const parse = (text: string): Promise<unknown> => parseJson(Buffer.from(text));
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const padding = ' '.repeat(maxUnslicedBytes);

describe('a body of JSON', () => {
  // __proto__ is refused, and is a key that fast-check draws on purpose
  const allowedJson = fc
    .jsonValue({ noUnicodeString: false })
    .filter((value) => !JSON.stringify(value).includes('"__proto__"'));
  it('is parsed as JSON.parse does, short or long', async () => {
    await fc.assert(
      fc.asyncProperty(allowedJson, async (value) => {
        const text = JSON.stringify(value);
        // refused, see below
        fc.pre(!/"(__proto__|constructor)"/.test(text));
        expect(await parse(text)).toEqual(JSON.parse(text));
        expect(await parse(text + padding)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['in Latin 1', Buffer.from('{"a":"caf\u00e9"}', 'latin1')],
    ['in UTF-16', Buffer.from('\ufeff{"a":1}', 'utf16le')],
    ['with half a character', Buffer.from('{"a":"é"}').subarray(0, 7)],
    ['with a surrogate of its own', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ])('is refused %s, short or long', async (_, bytes) => {
    for (const text of [bytes, Buffer.concat([bytes, Buffer.from(padding)])])
      await expect(parseJson(text)).rejects.toMatchObject({
        code: 'malformed_json',
        message: expect.stringContaining('not UTF-8') as string,
      });
  });

  it('keeps U+FFFD that was typed', async () => {
    expect(await parse('"\ufffd"')).toBe('\ufffd');
  });

  it('may begin with a byte order mark', async () => {
    expect(await parse('\ufeff{"a":1}')).toEqual({ a: 1 });
  });

  it.each(['', '{', '[1,]', '{"a":1', '"\\', '"\\"', ']', '{"a"::1}', `[${'1,'.repeat(40_000)}`])(
    'is refused where it is none: %.10s',
    async (text) => {
      await expect(parse(text)).rejects.toMatchObject({ code: 'malformed_json' });
    },
  );

  it('has at most 64 levels of nested lists and objects', async () => {
    expect(await parse(nested(64))).toEqual(JSON.parse(nested(64)));
    for (const text of [nested(65), nested(65) + padding, nested(100_000)])
      await expect(parse(text)).rejects.toMatchObject({
        code: 'body_too_complex',
        field: 'body',
        message: expect.stringMatching(/^body: at most 64 .* was (65|100000)$/) as string,
      });
  });

  it.each([
    ['numbers', (n: number) => `[${'1,'.repeat(n)}1]`, 999_990, 1_000_000],
    ['texts', (n: number) => `[${'"",'.repeat(n)}""]`, 99_990, 100_000],
    ['lists', (n: number) => `[${'[],'.repeat(n)}[]]`, 166_600, 166_667],
    ['fields', (n: number) => `{${'"a":1,'.repeat(n)}"a":1}`, 47_000, 50_000],
  ])('has a bounded number of %s', async (_, body, allowed, refused) => {
    await parse(body(allowed));
    await expect(parse(body(refused))).rejects.toMatchObject({
      code: 'body_too_complex',
      message: expect.stringMatching(/^body: at most 1000000 values, .* was \d+$/) as string,
    });
  });

  it('counts nothing inside a text', async () => {
    const text = '[{":,\\"\\\\'.repeat(100_000);
    expect(await parse(JSON.stringify(text))).toBe(text);
  });

  it.each([
    '{"__proto__":1}',
    '{"\\u005f_proto__":{}}',
    '[[{"a":{"__proto__":[]}}]]',
    '{"constructor":{"prototype":1}}',
    '{"constr\\u0075ctor":{"prototype":{}}}',
  ])('is refused with a field that changes a prototype: %s', async (text) => {
    for (const one of [text, text + padding])
      await expect(parse(one)).rejects.toMatchObject({ code: 'malformed_json' });
  });

  it.each(['{"constructor":1}', '{"a\\"__proto__":1}', '["__proto__"]', '{"prototype":1}'])(
    'may have others: %s',
    async (text) => {
      expect(await parse(text)).toEqual(JSON.parse(text));
    },
  );

  it('yields to the event loop before and after it is parsed', async () => {
    let turns = 0;
    let over = false;
    const counting = (async () => {
      while (!over) {
        await turn();
        turns++;
      }
    })();
    await parse(`[1]${padding}`);
    over = true;
    expect(turns).toBeGreaterThanOrEqual(1);
    await counting;
  });
});
