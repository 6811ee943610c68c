import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

// The layers themselves are enforced by the linter; this holds its rules to every folder there is.

const root = new URL('../', import.meta.url);
interface Override {
  readonly files: readonly string[];
  readonly rules: {
    readonly 'no-restricted-imports'?: readonly [string, { patterns: readonly { regex: string }[] }];
  };
}
const { overrides } = JSON.parse(readFileSync(new URL('.oxlintrc.json', root), 'utf8')) as {
  overrides: readonly Override[];
};
const folders = readdirSync(new URL('src', root), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const forbids = (from: string, to: string): boolean =>
  overrides
    .filter(({ files }) => files.includes(`src/${from}/**`))
    .flatMap(({ rules }) => rules['no-restricted-imports']?.[1].patterns ?? [])
    .some(({ regex }) => new RegExp(regex).test(`../${to}/any.ts`));

describe('the import rules of the linter', () => {
  it.each(folders)('cover src/%s', (folder) => {
    expect(overrides.some(({ files }) => files.includes(`src/${folder}/**`))).toBe(true);
  });

  it('let no two folders import each other', () => {
    const pairs = folders.flatMap((a, i) => folders.slice(i + 1).map((b) => [a, b] as const));
    expect(pairs.filter(([a, b]) => !forbids(a, b) && !forbids(b, a))).toEqual([]);
  });
});
