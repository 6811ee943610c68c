import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { hashCode } from '../hash-code.ts';
import type { KernelPath } from './compile.ts';

// The self-test's verdict depends on the processor, on Node and its flags, and on this code alone, so it is kept
// between starts beside the code that Node keeps compiled, in a folder that is as safe as the code itself, and that Node
// names by its version, V8's flags and the processor's features.

/** What the self-test found. */
export interface Verdict {
  readonly path: KernelPath;
  /** In a sentence. */
  readonly reason: string;
}

/** Where and under which name a verdict is kept. */
export interface VerdictPlace {
  readonly folder: string;
  readonly name: string;
}

/**
 * The place for this process, or null where Node keeps no compiled code.
 * @param sources folders of the code that the verdict is about
 */
export function findVerdictPlace(sources: readonly string[]): VerdictPlace | null {
  const folder = getCompileCacheDir();
  if (folder === undefined) return null;
  const machine = [process.versions, process.execArgv, process.env['NODE_OPTIONS'], cpus()[0]?.model];
  return { folder, name: `kernel-${hashCode(sources, machine)}.json` };
}

/** @returns null where none is kept, or what is kept is not a verdict */
export function readVerdict({ folder, name }: VerdictPlace): Verdict | null {
  try {
    const { path, reason } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Partial<Verdict>;
    return (path === 'plain' || path === 'revectorised') && typeof reason === 'string'
      ? { path, reason }
      : null;
  } catch {
    return null;
  }
}

/** Keeps a verdict; without effect where the folder cannot be written. */
export function keepVerdict({ folder, name }: VerdictPlace, verdict: Verdict): void {
  const path = join(folder, name);
  const written = `${path}.${process.pid}.${performance.now()}`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(written, JSON.stringify(verdict));
    renameSync(written, path);
  } catch {
    // tested again at the next start
  }
}
