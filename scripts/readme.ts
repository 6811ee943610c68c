import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fillCommands } from './readme/commands.ts';
import { documentPaths } from './readme/documents.ts';
import { runExamples } from './readme/examples.ts';
import { fillTables } from './readme/tables.ts';

// Regenerates the generated parts of README.md and docs/: writes the calls of the shipped models' examples, runs every example that calls the server against a real one and
// writes its output into the block below it, and the tables of settings and metrics from the code.

const root = join(import.meta.dirname, '..');

const models = mkdtempSync(join(tmpdir(), 'unroll-readme-'));
const data = mkdtempSync(join(tmpdir(), 'unroll-readme-data-'));
cpSync(join(root, 'models'), models, { recursive: true });
execFileSync(process.execPath, ['scripts/example-models.ts', models], { cwd: root });

const server = spawn(process.execPath, ['bin/unroll.js', 'serve'], {
  cwd: root,
  env: {
    ...process.env,
    UNROLL_PORT: '0',
    UNROLL_MODELS: models,
    UNROLL_DATA: data,
    UNROLL_LOG_LEVEL: 'warn',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const url = await readUrl(server);
  for (const path of documentPaths()) {
    const page = readFileSync(path, 'utf8');
    const filled = await fillTables(runExamples(fillCommands(page), url));
    if (filled !== page) writeFileSync(path, filled);
  }
} finally {
  server.kill('SIGTERM');
  await once(server, 'exit');
  for (const folder of [models, data]) rmSync(folder, { recursive: true });
}

/** The address that the server prints when it has started. */
async function readUrl({ stdout }: ChildProcess): Promise<string> {
  if (stdout)
    for await (const line of createInterface(stdout)) {
      const url = /http:\/\/[\d.]+:\d+/.exec(line)?.[0];
      if (url !== undefined) {
        stdout.resume();
        return url;
      }
    }
  throw new Error('the server did not print its address');
}
