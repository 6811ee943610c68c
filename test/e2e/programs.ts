import { spawnSync } from 'node:child_process';

/** Whether a program that is not ours is on this machine: tests use it where it is, and say so where it is not. */
export const isInstalled = (program: string): boolean =>
  spawnSync(program, ['--version']).error === undefined;
