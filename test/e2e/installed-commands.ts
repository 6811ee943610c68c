import { spawnSync } from 'node:child_process';

/** Whether a command is installed: tests that need one are skipped without it. */
export const isInstalled = (command: string): boolean =>
  spawnSync(command, ['--version']).error === undefined;
