import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

// What the bundle in build/ was made from: each file's size and time of change. The latter is the kernel's and, unlike the
// time of modification, cannot be set; a file that is written, replaced or copied has a new one.

export const stampFile = 'inputs.json';

/**
 * @param {string} path
 * @returns {[size: number, changedMs: number] | undefined} undefined where there is no such file
 */
export function stampOf(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && [found.size, found.ctimeMs];
}

/**
 * Whether a bundle was made of exactly the files that are there now, which are named from `root`.
 * @param {string} bundle
 * @param {string} root
 */
export function isCurrent(bundle, root) {
  try {
    const inputs = JSON.parse(readFileSync(join(bundle, stampFile), 'utf8'));
    return inputs.every(([path, size, changedMs]) => {
      const stamp = stampOf(join(root, path));
      return stamp !== undefined && stamp[0] === size && stamp[1] === changedMs;
    });
  } catch {
    return false;
  }
}
