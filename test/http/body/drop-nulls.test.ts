import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseWithoutNulls } from '../../../src/http/body/drop-nulls.ts';
import { stringList, withMaxSize } from '../../../src/bounded-schema.ts';

const schema = z.strictObject({
  name: z.string(),
  seed: z.int().optional(),
  size: z.number().default(3),
  stop: stringList(4).optional(),
  nothing: z.number().nullable().optional(),
  inner: z.strictObject({ rate: z.number().optional() }).optional(),
  either: z.union([z.strictObject({ a: z.string(), b: z.number().optional() }), z.string()]).optional(),
  list: withMaxSize(4, z.array(z.object({ x: z.number().optional() }))).optional(),
  any: z.unknown().optional(),
});
const parse = (value: unknown): unknown => {
  const { success, data, error } = parseWithoutNulls(schema, value);
  return success ? data : error.issues.map(({ path, code }) => [path.join('.'), code]);
};

describe('null', () => {
  it.each<[string, object, object]>([
    ['an optional field', { seed: null }, {}],
    ['a field with a default', { size: null }, { size: 3 }],
    ['a field with a check of its own', { stop: null }, {}],
    ['a field of a field', { inner: { rate: null } }, { inner: {} }],
    ['a field of an alternative', { either: { a: 'x', b: null } }, { either: { a: 'x' } }],
    ['a field in a list', { list: [{ x: null }, { x: 1 }] }, { list: [{}, { x: 1 }] }],
    ['a field that is not there', { colour: null }, {}],
    ['several of them', { seed: null, inner: null, list: null, other: null }, {}],
  ])('is the same as leaving out %s', (_, given, read) => {
    expect(parse({ name: 'n', ...given })).toEqual({ name: 'n', size: 3, ...read });
  });

  it('is kept where it is a value', () => {
    expect(parse({ name: 'n', seed: null, nothing: null, any: { deep: null } })).toEqual({
      name: 'n',
      size: 3,
      nothing: null,
      any: { deep: null },
    });
  });

  it('is refused for a field that is needed, in a list and as a body', () => {
    expect(parse({ name: null })).toEqual([['name', 'invalid_type']]);
    expect(parse({ name: 'n', list: [null] })).toEqual([['list.0', 'invalid_type']]);
    expect(parse(null)).toEqual([['', 'invalid_type']]);
  });

  it('of an inherited name changes nothing', () => {
    expect(parse(JSON.parse('{"name": "n", "toString": null, "__proto__": null}'))).toEqual({
      name: 'n',
      size: 3,
    });
    expect(Object.hasOwn(Object.prototype, 'toString')).toBe(true);
  });
});
