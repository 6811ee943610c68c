import { describe, expect, test } from 'vitest';
import { maxLevels, nestsTooDeep } from '../../../src/training/data/nesting.ts';

const nest = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('a text nests too deep', () => {
  test.each([
    ['with a level too many', nest(maxLevels + 1)],
    ['with lists that do not end', '['.repeat(1_000_000)],
    ['with objects that do not end', '{"a":'.repeat(1000)],
  ])('%s', (_, text) => expect(nestsTooDeep(text)).toBe(true));

  test.each([
    ['with as many levels as there may be', nest(maxLevels)],
    ['with many lists beside each other', `[${'[],'.repeat(1000)}[]]`],
    ['with brackets in texts', JSON.stringify({ text: `${'['.repeat(1000)}"\\${'{'.repeat(1000)}` })],
  ])('not %s', (_, text) => expect(nestsTooDeep(text)).toBe(false));
});
