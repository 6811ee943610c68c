#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node --max-semi-space-size=8 --no-parallel-scavenge --no-allocation-site-pretenuring
// Plain JavaScript on purpose: this file must still parse on a Node too old to run the rest.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => new URL(`../${path}`, import.meta.url);
const isClone = existsSync(at('src/cli.ts'));
const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(
    `Unroll needs Node 24 or newer and this is ${process.version}.\n` +
      (isClone
        ? 'Run it through npm (npm start, npm run unroll, npx unroll): on Linux and Windows that brings its own Node.\n' +
          'On macOS install Node 24: https://nodejs.org'
        : 'Install it: https://nodejs.org'),
  );
  process.exit(1);
}
const { enableCompileCache } = await import('./compile-cache.js');
const flush = enableCompileCache();
const { isCurrent } = await import('./bundle-stamp.js');
// a clone's bundle only for as long as it is of what is in src/; the package and the image have nothing else
const folder = !isClone
  ? 'dist'
  : isCurrent(fileURLToPath(at('build')), fileURLToPath(at('')))
    ? 'build'
    : 'src';
await import(at(folder === 'src' ? 'src/cli.ts' : `${folder}/cli.js`));
flush();
