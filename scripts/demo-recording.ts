import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toCells, type Output } from './demo-recording/cells.ts';
import { toSvg } from './demo-recording/to-svg.ts';

// Writes docs/demo.svg: `unroll demo` in a terminal (util-linux' script), as it ran, with the command before it.

const root = join(import.meta.dirname, '..');
const typed = '$ npx unroll demo';
const typedMs = 90;
const frameMs = 100;

const output: Output[] = [...typed].map((text, at) => ({ ms: at * typedMs, text }));
output.push({ ms: typed.length * typedMs, text: '\n' });
// no port where a server may be
const env = { PATH: process.env['PATH'], TERM: 'xterm', UNROLL_PORT: '9' };
const child = spawn('script', ['-qec', `${process.execPath} bin/unroll.js demo`, '/dev/null'], {
  cwd: root,
  env,
});
let startedAt: number | undefined;
child.stdout.on('data', (chunk: Buffer) => {
  // what it takes to load the models is not shown
  startedAt ??= performance.now();
  output.push({ ms: typed.length * typedMs + 500 + performance.now() - startedAt, text: chunk.toString() });
});
const [code] = (await once(child, 'close')) as [number];
if (code !== 0) throw new Error(`unroll demo ended with ${code}`);
const svg = toSvg(toCells(output, frameMs), 'unroll demo in a terminal');
writeFileSync(join(root, 'docs/demo.svg'), svg);
console.log(`docs/demo.svg: ${Math.round(svg.length / 1000)} kB, ${Math.round(output.at(-1)!.ms / 1000)} s`);
