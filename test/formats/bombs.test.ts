import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bombs } from './bombs.ts';
import type { Measured } from './read-in-bounds.ts';

/** More than any file needs, far less than its declared size: the HDF5 library alone is 60 MB. */
const maxMegabytes = 250;
/** All files together take 3 s; a hanging one would take minutes. */
const patience = 100_000;

const folder = mkdtempSync(join(tmpdir(), 'unroll-bombs-'));
let measured: Readonly<Record<string, Measured>>;

beforeAll(async () => {
  const names = Object.keys(bombs);
  const paths = names.map((_, i) => join(folder, String(i)));
  for (const [i, name] of names.entries()) writeFileSync(paths[i]!, await bombs[name]!());
  const program = fileURLToPath(new URL('read-in-bounds.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--max-old-space-size=256', program, ...paths],
    { timeout: patience },
  );
  const answers = JSON.parse(stdout) as Measured[];
  measured = Object.fromEntries(names.map((name, i) => [name, answers[i]!]));
}, patience);
afterAll(() => rmSync(folder, { recursive: true }));

describe('a file that expands far beyond its size, or is cyclic', () => {
  it.each(Object.keys(bombs))('is refused in bounded memory: %s', (name) => {
    const { refused, megabytes } = measured[name]!;
    expect(refused).toMatch(/^UnrollError: /);
    expect(megabytes).toBeLessThan(maxMegabytes);
  });
});
