import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../../bin/compile-cache.js');
let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'unroll-cache-test-'))));
afterEach(() => rmSync(root, { recursive: true }));

/** The folder that a process uses when it is offered these; '' for none. */
function folderUsed(folders: readonly string[], environment: Record<string, string> = {}): string {
  const script = `
    import { enableCompileCache } from ${JSON.stringify(program)};
    const flush = enableCompileCache(${JSON.stringify(folders)});
    await import('undici');
    flush();
    console.log(process.env.NODE_COMPILE_CACHE ?? '');`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    env: environment,
  });
  expect(stderr).toBe('');
  return stdout.trim();
}

describe('the compile cache', () => {
  it('is written to a folder of its own, which no other user can enter', () => {
    const folder = join(root, 'new/cache');
    expect(folderUsed([folder])).toBe(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder, { recursive: true }).length).toBeGreaterThan(10);
  });

  it('is not read from a folder that others can write to, nor through a link', () => {
    const [open, real, link, safe] = ['open', 'real', 'link', 'safe'].map((name) => join(root, name));
    mkdirSync(open!);
    chmodSync(open!, 0o777);
    mkdirSync(real!, { mode: 0o700 });
    symlinkSync(real!, link!);
    expect(folderUsed([open!, link!, safe!])).toBe(safe);
    expect(folderUsed([open!, link!])).toBe('');
    expect(readdirSync(open!)).toEqual([]);
    expect(readdirSync(real!)).toEqual([]);
  });

  it('is left out where no folder can be made', () => {
    expect(folderUsed(['/dev/null/cache'])).toBe('');
  });

  it('is where NODE_COMPILE_CACHE says, and off when NODE_DISABLE_COMPILE_CACHE is set', () => {
    const own = join(root, 'own');
    expect(folderUsed([join(root, 'other')], { NODE_COMPILE_CACHE: own })).toBe(own);
    expect(folderUsed([join(root, 'other')], { NODE_DISABLE_COMPILE_CACHE: '1' })).toBe('');
    expect(readdirSync(root)).toEqual(['own']);
  });
});
