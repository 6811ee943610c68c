import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { startProcess, type ProcessOptions, type ServerProcess } from './start-process.ts';

export { until, type ServerProcess } from './start-process.ts';

/** A test that fails half-way must not leave its server behind. Runs after the file's own hooks. */
const started = new Set<ChildProcess>();
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL');
});

/** Starts a server for one test file, with a data folder of its own. */
export function startServer(
  models: string,
  settings: Readonly<Record<string, string | number>> = {},
  options: Omit<ProcessOptions, 'settings'> = {},
): Promise<ServerProcess> {
  const data = mkdtempSync(join(tmpdir(), 'unroll-data-'));
  folders.push(data);
  return startProcess(models, data, { ...options, settings, spawned: (child) => started.add(child) });
}
