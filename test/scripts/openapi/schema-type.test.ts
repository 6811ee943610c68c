import { expect, it } from 'vitest';
import { toComment, toType, type Schema } from '../../../scripts/openapi/schema-type.ts';

const type = (schema: Schema, takesUndefined = false): string =>
  toType(schema, { takesUndefined }).replaceAll(/\s+/g, ' ');
const text: Schema = { type: 'string' };

it.each<[string, Schema]>([
  ['"a"', { type: 'string', const: 'a' }],
  ['("a" | 1 | null)', { enum: ['a', 1, null] }],
  ['(string | null)', { type: ['string', 'null'] }],
  ['number', { anyOf: [{ type: 'integer' }, { type: 'number' }] }],
  ['(number)[]', { type: 'array', items: { type: 'integer' } }],
  ['((string | boolean))[]', { type: 'array', items: { oneOf: [text, { type: 'boolean' }] } }],
  ['(A & B)', { allOf: [{ $ref: '#/components/schemas/A' }, { $ref: '#/components/schemas/B' }] }],
  ['Record<string, never>', { type: 'object', properties: {}, additionalProperties: false }],
  ['Record<string, string>', { type: 'object', additionalProperties: text }],
  ['{ "a": string; "b"?: string; }', { type: 'object', properties: { a: text, b: text }, required: ['a'] }],
  [
    '{ "a"?: string; [key: string]: unknown; }',
    { type: 'object', properties: { a: text }, additionalProperties: {} },
  ],
  ['unknown', {}],
])('%s', (expected, schema) => {
  expect(type(schema)).toBe(expected);
});

it('lets a caller give undefined for a field that may be left out, at every depth', () => {
  const inner: Schema = { type: 'object', properties: { b: text, c: {} } };
  expect(type({ type: 'object', properties: { a: inner }, required: ['a'] }, true)).toBe(
    '{ "a": { "b"?: string | undefined; "c"?: unknown; }; }',
  );
});

it('refuses a type that it does not know', () => {
  expect(() => toType({ type: 'text' })).toThrow(TypeError);
});

it('a description cannot end its comment', () => {
  expect(toComment('a */ b')).toBe('/** a *\\/ b */\n');
  expect(toComment('a\n\nb')).toBe('/**\n * a\n *\n * b\n */\n');
  expect(toComment(undefined)).toBe('');
});
