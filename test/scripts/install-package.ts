import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

// What `npm pack` gives, installed as a user installs it.

const root = join(import.meta.dirname, '../..');

/** Packs this repository into a folder. @returns the tarball */
export function packPackage(folder: string): string {
  const output = execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: root, encoding: 'utf8' });
  return join(folder, output.trim().split('\n').at(-1)!);
}

export interface InstalledPackage {
  /** An empty folder before the install. */
  readonly folder: string;
  /** The package's own, in `node_modules`. */
  readonly package: string;
  /** Runs node in the folder to its end. */
  run(args: readonly string[]): ProgramResult;
  /** Runs the package's `unroll` to its end. Its usual port is one where no server is. */
  unroll(...args: string[]): ProgramResult;
  remove(): void;
}

export interface ProgramResult {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Installs a tarball and what it depends on in an empty folder, by npm on a given Node, which commands run on. */
export function installPackage(tarball: string, node: string): InstalledPackage {
  const folder = mkdtempSync(join(tmpdir(), 'unroll-package-'));
  const env = { PATH: `${dirname(node)}${delimiter}${process.env['PATH']}`, HOME: process.env['HOME'] };
  execFileSync('npm', ['install', '--prefer-offline', '--engine-strict', tarball], { cwd: folder, env });
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  const run = (args: readonly string[]): ProgramResult => {
    const { status, stdout, stderr } = spawnSync(node, args, {
      cwd: folder,
      encoding: 'utf8',
      env: { ...env, UNROLL_PORT: '9' },
    });
    return { code: status, output: stdout, errors: stderr };
  };
  return {
    folder,
    package: join(folder, 'node_modules/@unroll/server'),
    run,
    unroll: (...args) => run([join(folder, 'node_modules/.bin/unroll'), ...args]),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
