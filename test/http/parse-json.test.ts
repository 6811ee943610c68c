import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson, smallBytes } from '../../src/http/body/parse-json.ts';

const parse = (text: string): Promise<unknown> => parseJson(Buffer.from(text));
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const padding = ' '.repeat(smallBytes);

describe('a body of JSON', () => {
  it('is parsed like JSON.parse, short or long', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ noUnicodeString: false }), async (value) => {
        const text = JSON.stringify(value);
        expect(await parse(text)).toEqual(JSON.parse(text));
        expect(await parse(text + padding)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('may begin with a byte order mark', async () => {
    expect(await parse('\ufeff{"a":1}')).toEqual({ a: 1 });
  });

  it.each(['', '{', '[1,]', '{"a":1', '"\\', '"\\"', ']', '{"a"::1}', `[${'1,'.repeat(40_000)}`])(
    'is rejected if it is invalid: %.10s',
    async (text) => {
      await expect(parse(text)).rejects.toMatchObject({ code: 'malformed_json' });
    },
  );

  it('has at most 64 levels of arrays and objects', async () => {
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
  ])('has a bounded number of %s', async (_, body, allowed, rejected) => {
    await parse(body(allowed));
    await expect(parse(body(rejected))).rejects.toMatchObject({
      code: 'body_too_complex',
      message: expect.stringMatching(/^body: at most 1000000 values, .* was \d+$/) as string,
    });
  });

  it('counts nothing inside a string', async () => {
    const text = '[{":,\\"\\\\'.repeat(100_000);
    expect(await parse(JSON.stringify(text))).toBe(text);
  });

  it.each([
    '{"__proto__":1}',
    '{"\\u005f_proto__":{}}',
    '[[{"a":{"__proto__":[]}}]]',
    '{"constructor":{"prototype":1}}',
    '{"constr\\u0075ctor":{"prototype":{}}}',
  ])('has no field that sets a prototype: %s', async (text) => {
    for (const variant of [text, text + padding])
      await expect(parse(variant)).rejects.toMatchObject({ code: 'malformed_json' });
  });

  it.each(['{"constructor":1}', '{"a\\"__proto__":1}', '["__proto__"]', '{"prototype":1}'])(
    'may have similar fields: %s',
    async (text) => {
      expect(await parse(text)).toEqual(JSON.parse(text));
    },
  );

  it('runs the event loop before and after it is parsed', async () => {
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
