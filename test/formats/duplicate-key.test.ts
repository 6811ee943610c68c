import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findDuplicateKey } from '../../src/formats/duplicate-key.ts';

it('finds a duplicate key with any escapes', () => {
  expect(findDuplicateKey('{"a":1,"b":{},"a":2}')).toBe('a');
  expect(findDuplicateKey('{"a" : [1], "\\u0061" : 2}')).toBe('a');
  expect(findDuplicateKey('{"a\\"":1,"a\\"":2}')).toBe('a"');
});

it('ignores values, nested keys and strings', () => {
  expect(
    findDuplicateKey('{"a":"b","b":"a","c":{"a":1},"d":[{"a":1}],"e":"\\"a\\":{","f":"}"}'),
  ).toBeUndefined();
});

it('finds none in the output of JSON.stringify', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      expect(findDuplicateKey(JSON.stringify(object, null, 1))).toBeUndefined();
    }),
  );
});

it('supports a key of the maximum header size', () => {
  for (const key of ['a'.repeat(4_000_000), '\\n'.repeat(2_000_000), '\\u0061'.repeat(600_000)])
    expect(findDuplicateKey(`{"${key}":1}`)).toBeUndefined();
});
