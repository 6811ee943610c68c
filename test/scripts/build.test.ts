import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// What `npm run build` makes, and what a clone starts.

const root = join(import.meta.dirname, '../..');
let clone: string;
const pathOf = (...names: string[]): string => join(clone, ...names);
const build = (): string =>
  execFileSync(process.execPath, [pathOf('scripts/build.ts')], { encoding: 'utf8' });
const names = (): string[] => readdirSync(pathOf('build')).sort();

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), 'unroll-build-'));
  for (const name of ['bin', 'src', 'scripts', 'package.json', 'tsconfig.json'])
    cpSync(join(root, name), pathOf(name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), pathOf('node_modules'));
  build();
}, 120_000);
afterAll(() => rmSync(clone, { recursive: true }));

/** The files that an entry loads at once, itself among them. */
function loadedWith(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  for (const [, other] of readFileSync(pathOf('build', name), 'utf8').matchAll(
    /^(?:import|export)\b[^;]*?"\.\/([^"]+)"/gm,
  ))
    loadedWith(other!, found);
  return found;
}
const textOf = (name: string): string =>
  Array.from(loadedWith(name), (one) => readFileSync(pathOf('build', one), 'utf8')).join('\n');
/** The file of what `unroll serve` loads. */
const server = (): string =>
  names().find((name) =>
    readFileSync(pathOf('build', name), 'utf8').includes('async function startServer('),
  )!;

describe('the bundle', () => {
  it('has a file for every thread that the sources start', () => {
    const threads = names().flatMap((name) =>
      Array.from(
        readFileSync(pathOf('build', name), 'utf8').matchAll(/new URL\("([^"]+)", import\.meta\.url\)/g),
        ([, thread]) => thread!,
      ),
    );
    expect(new Set(threads).size).toBe(8);
    for (const thread of threads) expect(existsSync(pathOf('build', thread)), thread).toBe(true);
  });

  it('is a tenth of the files', () => {
    expect(loadedWith(server()).size).toBeLessThan(100);
    expect(loadedWith('loader-thread.js').size).toBeLessThan(50);
    expect(loadedWith('worker.js').size).toBeLessThan(15);
  });

  it('keeps what is loaded when it is needed in files of its own', () => {
    for (const entry of [server(), 'loader-thread.js'])
      for (const late of ['src/formats/keras/', 'src/http/documentation-app.ts', 'src/cli/commands/bench.ts'])
        expect([entry, late, textOf(entry).includes(`//#region ${late}`)]).toEqual([entry, late, false]);
    expect(textOf('worker.js')).not.toMatch(
      /#region (?:node_modules|src\/(?:formats|http|jobs|tasks|training))/,
    );
  });

  it('keeps the names that a stack trace shows', () => {
    expect(server()).toMatch(/^server-/);
    expect(textOf('worker.js')).toContain('function createBatcher(');
  });

  it('is the same from the same sources, and leaves its files alone', () => {
    const before = names().map((name) => [name, statSync(pathOf('build', name)).ctimeMs]);
    rmSync(pathOf('build/inputs.json'));
    build();
    const after = names().map((name) => [name, statSync(pathOf('build', name)).ctimeMs]);
    expect(after.filter(([name]) => name !== 'inputs.json')).toEqual(
      before.filter(([name]) => name !== 'inputs.json'),
    );
  }, 120_000);
});

describe('a clone', () => {
  const version = (): string =>
    spawnSync(process.execPath, [pathOf('bin/unroll.js'), 'version'], { encoding: 'utf8' }).stdout;
  const isBundled = (): boolean => version().startsWith('bundled\n');
  const mark = (): void =>
    writeFileSync(
      pathOf('build/cli.js'),
      `console.log('bundled');${readFileSync(pathOf('build/cli.js'), 'utf8')}`,
    );

  it('starts the bundle until a source changes, and again after the next build', () => {
    build();
    mark();
    expect(isBundled()).toBe(true);
    const file = pathOf('src/version.ts');
    writeFileSync(file, `export const version: string = 'changed';`);
    expect(version()).toBe('changed\n');
    build();
    expect(readFileSync(pathOf('build/cli.js'), 'utf8')).not.toContain("console.log('bundled')");
    mark();
    expect(version()).toBe('bundled\nchanged\n');
  }, 120_000);

  it('starts src/ when a file that all import is gone, or there is no bundle', () => {
    build();
    mark();
    expect(isBundled()).toBe(true);
    appendFileSync(pathOf('tsconfig.json'), '\n');
    expect(isBundled()).toBe(false);
    rmSync(pathOf('build'), { recursive: true });
    expect(version()).toBe('changed\n');
  }, 120_000);

  it('is installed where nothing can be bundled', () => {
    rmSync(pathOf('node_modules'));
    const { status, stdout } = spawnSync(process.execPath, [pathOf('scripts/prepare.js')], {
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^no bundle, the server runs from src\/: .*rolldown/);
  });
});
