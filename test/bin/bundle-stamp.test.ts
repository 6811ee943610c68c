import { copyFileSync, mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isCurrent, stampFile, stampOf } from '../../bin/bundle-stamp.js';

let root: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'unroll-stamp-'));
  file = join(root, 'a.ts');
  writeFileSync(file, 'let a = 1;');
  writeFileSync(join(root, stampFile), JSON.stringify([['a.ts', ...stampOf(file)!]]));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Until the clock of files has moved on. */
function waitForTick(): void {
  const probe = join(root, 'probe');
  writeFileSync(probe, '');
  const { ctimeMs } = statSync(probe);
  do writeFileSync(probe, '.');
  while (statSync(probe).ctimeMs === ctimeMs);
}

it('is current while no file changes', () => expect(isCurrent(root, root)).toBe(true));

it.each<[string, () => void]>([
  ['has another size', () => writeFileSync(file, 'let a = 10;')],
  ['has other content of the same size', () => writeFileSync(file, 'let a = 2;')],
  [
    'has other content, and the times of before',
    () => {
      const { atime, mtime } = statSync(file);
      writeFileSync(file, 'let a = 2;');
      utimesSync(file, atime, mtime);
    },
  ],
  [
    'is replaced by an older file',
    () => {
      const other = join(root, 'other');
      copyFileSync(file, other);
      utimesSync(other, 1, 1);
      renameSync(other, file);
    },
  ],
  ['is gone', () => rmSync(file)],
])('is not current when a file %s', (_, change) => {
  waitForTick();
  change();
  expect(isCurrent(root, root)).toBe(false);
});

it.each(['', '{', 'null', '{}', '[["a.ts"]]', '[[]]', '[null]'])(
  'is not current with the stamp %j',
  (text) => {
    writeFileSync(join(root, stampFile), text);
    expect(isCurrent(root, root)).toBe(false);
  },
);

it('is not current without a stamp', () => {
  rmSync(join(root, stampFile));
  expect(isCurrent(root, root)).toBe(false);
});
