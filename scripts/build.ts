import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isCurrent, stampFile, stampOf } from '../bin/bundle-stamp.js';
import { bundle } from './bundle/bundle.ts';
import { replaceFile, writeFiles } from './bundle/write-files.ts';

// `npm run build`, and `npm ci` by scripts/prepare.js: bundles src/ and what it imports into build/, which bin/unroll.js
// starts for as long as none of these files changes.

/** More than the precision of a file's time of change. */
const settleMs = 50;

const root = join(import.meta.dirname, '..');
const build = join(root, 'build');

while (!isCurrent(build, root)) {
  const beganMs = Date.now();
  const { files, inputs } = await bundle({ packages: true });
  const stamps = inputs.map((path) => [path, ...(stampOf(join(root, path)) ?? [])] as const);
  // one that changed since, or so shortly before that another change could have the same time
  const changed = stamps.find(([, , changedMs = Infinity]) => changedMs > beganMs - settleMs);
  if (changed) {
    console.log(`${changed[0]} has just changed: bundled again`);
    await delay(2 * settleMs);
    continue;
  }
  rmSync(join(build, stampFile), { force: true });
  writeFiles(build, files);
  replaceFile(build, stampFile, JSON.stringify(stamps));
}
