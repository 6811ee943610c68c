import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Starts the server once and ends it, so that the compile cache has what a start compiles: for an image, whose containers
// have an empty folder for temporary files and may not write to any other. To be run with the user and the flags of the
// server, which are part of the cache's key; so are the processor's features.

const data = mkdtempSync(join(tmpdir(), 'unroll-fill-'));
const program = join(import.meta.dirname, 'unroll.js');
const settings = {
  UNROLL_HOST: '127.0.0.1',
  UNROLL_PORT: '0',
  UNROLL_DATA: data,
  UNROLL_LOG_LEVEL: 'warn',
};
const server = spawn(process.execPath, [...process.execArgv, program, 'serve'], {
  env: { ...process.env, ...settings },
  stdio: ['ignore', 'pipe', 'inherit'],
});
let output = '';
server.stdout.on('data', (text) => {
  output += text;
  if (output.includes('"msg":"listening"')) server.kill('SIGTERM');
});
server.on('exit', (code) => {
  rmSync(data, { recursive: true, force: true });
  if (code !== 0) console.error(`the server did not start:\n${output}`);
  process.exitCode = code ?? 1;
});
