#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node --max-semi-space-size=8 --no-parallel-scavenge
// Plain JavaScript on purpose: this file must still parse on a Node too old to run the rest.
import { existsSync } from 'node:fs';

// the package has JavaScript in place of TypeScript, which Node runs everywhere but below node_modules
const source = new URL('../src/cli.ts', import.meta.url);
const isClone = existsSync(source);
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
await import(isClone ? source : new URL('../dist/cli.js', import.meta.url));
flush();
