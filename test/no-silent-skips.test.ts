import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

// The linter refuses `it.skip` and its like, vitest a test without an assertion (vitest.config.ts). This test refuses the other ways.

const root = new URL('.', import.meta.url);
const own = ['support/needs.ts', 'no-silent-skips.test.ts'];
const files = globSync('**/*.ts', { cwd: root, exclude: own });
const leavesOut = /\.(?:skip|skipIf|runIf|todo|only|fails)\b|\bskip(?:\(\)|: true)|\{ skip \}/;

it('only support/needs.ts leaves out a test', () => {
  const found = files.flatMap((file) =>
    readFileSync(new URL(file, root), 'utf8')
      .split('\n')
      .flatMap((line, i) => (leavesOut.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});
