import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** The last CPU, where `taskset` is installed, to pin a process to it. */
export function pinnedCpu(): number | null {
  const found = spawnSync('taskset', ['--version'], { stdio: 'ignore' });
  return found.status === 0 ? availableParallelism() - 1 : null;
}

/** Keeps this process off a CPU that is for another, where there is a second one. */
export function keepOff(cpu: number): void {
  if (cpu > 0)
    spawnSync('taskset', ['-a', '-c', '-p', `0-${cpu - 1}`, String(process.pid)], { stdio: 'ignore' });
}

/** Runs a script of this folder on one CPU; it reports through `process.send`. */
export function spawnPinned(script: string, options: readonly string[], cpu: number | null): ChildProcess {
  const command = [process.execPath, `${import.meta.dirname}/${script}`, ...options];
  const [file = '', ...rest] = cpu === null ? command : ['taskset', '-c', String(cpu), ...command];
  return spawn(file, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}
