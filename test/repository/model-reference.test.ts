import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import { parseModelName, parseReference } from '../../src/repository/model-reference.ts';

it('accepts a name with or without a version', () => {
  expect(parseReference('language')).toEqual({ name: 'language', version: null });
  expect(parseReference('A-b_9@12')).toEqual({ name: 'A-b_9', version: 12 });
});

const invalidNames = [
  '',
  '.',
  '..',
  '../up',
  'a/b',
  '/etc',
  'a\\b',
  '%2e%2e',
  'a%2fb',
  'a\0',
  'a\n',
  'é',
  'n'.repeat(65),
];
const invalidVersions = [
  'a@',
  '@1',
  'a@0',
  'a@00',
  'a@-1',
  'a@1.0',
  'a@1e3',
  'a@1@2',
  'a@1@',
  'a@_x',
  'a@x/y',
  'a@1x',
  `a@${'x'.repeat(65)}`,
  'a@9999999999999999',
];

it('takes an alias, which begins with a letter, in place of a version', () => {
  expect(parseReference('a@default')).toEqual({ name: 'a', version: null, alias: 'default' });
  expect(parseReference('a@v2.1-rc').alias).toBe('v2.1-rc');
});

it('takes a name alone where no version may follow', () => {
  expect(parseModelName('a.b')).toBe('a.b');
  for (const name of ['a@1', 'a@default', '', '../a'])
    expect(() => parseModelName(name)).toThrow(expect.objectContaining({ code: 'invalid_model_name' }));
});

it('takes versions that are times or have leading zeros, and names with a dot', () => {
  expect(parseReference('a.b-1.5@20240131120000')).toEqual({ name: 'a.b-1.5', version: 20_240_131_120_000 });
  expect(parseReference('a@0007').version).toBe(7);
});

it.each([...invalidNames, ...invalidVersions, 'n'.repeat(1_000_000)])('refuses %j', (reference) => {
  expect(() => parseReference(reference)).toThrow(expect.objectContaining({ code: 'invalid_model_name' }));
});

it('never accepts a path', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[./a@%1]+$/)), (reference) => {
      try {
        const { name } = parseReference(reference);
        // a folder in the root, and no hidden one
        expect(join('/models', name)).toBe(`/models/${name}`);
        expect(name).toMatch(/^[A-Za-z0-9_-]([A-Za-z0-9_.-]*[A-Za-z0-9_-])?$/);
      } catch (error) {
        expect(error).toBeInstanceOf(UnrollError);
      }
    }),
  );
});
