import { lstatSync, mkdirSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Node keeps compiled code, and JavaScript made from TypeScript, in a folder between starts. Plain JavaScript, like
// unroll.js: a TypeScript file would load the compiler that this is there to avoid.

const uid = process.getuid?.();

/** Beside the code itself where that can be written, which is as safe as the code; else in the folder for temporary files. */
const usualFolders = [
  join(import.meta.dirname, '../node_modules/.cache/unroll'),
  join(tmpdir(), `unroll-compile-cache-${uid ?? 'user'}`),
];

/**
 * Whoever can write to the folder can run code in this process: it must belong to this user or to root, be no link, and
 * be writable by nobody else. Windows has its folder for temporary files in the user's profile, and no such modes.
 */
function isSafe(folder) {
  const found = lstatSync(folder);
  if (!found.isDirectory()) return false;
  return uid === undefined || ((found.uid === uid || found.uid === 0) && (found.mode & 0o022) === 0);
}

/**
 * Turns the cache on for this thread and those that it starts, unless NODE_COMPILE_CACHE already did. Node keys it by its
 * version and the files' contents, and goes on without it where it cannot be used.
 * @param folders the first that is safe is taken
 * @returns writes what was compiled; for when the program has started
 */
export function enableCompileCache(folders = usualFolders) {
  if (process.env.NODE_COMPILE_CACHE === undefined && process.env.NODE_DISABLE_COMPILE_CACHE === undefined)
    for (const folder of folders)
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        if (!isSafe(folder)) continue;
        const { status } = module.enableCompileCache(folder);
        if (status !== module.constants.compileCacheStatus.ENABLED) continue;
        // worker threads read it from here
        process.env.NODE_COMPILE_CACHE = folder;
        break;
      } catch {
        // not here, then
      }
  return () => module.flushCompileCache();
}
