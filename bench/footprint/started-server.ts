import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { memoryParts, type MemoryParts } from './memory-parts.ts';
import type { HeapReport } from './probe.ts';
import { cpuMilliseconds } from './resident-memory.ts';

const root = join(import.meta.dirname, '../..');
const flags = ['--max-semi-space-size=8', '--no-parallel-scavenge', '--no-allocation-site-pretenuring'];

export interface StartedServer {
  readonly url: string;
  /**
   * From the start of the process to the log line with its address, and processor time of all threads until
   * then.
   */
  readonly readyMs: number;
  readonly readyCpuMs: number;
  cpuMs(): number;
  memory(): Promise<MemoryParts>;
  stop(): Promise<void>;
}

/**
 * Starts the server as `npm start` does, with the models of this repository.
 * @param options.probe loads the probe that `memory` needs, which costs some milliseconds
 */
export async function startServer(options: {
  readonly probe: boolean;
  readonly compileCache: string;
}): Promise<StartedServer> {
  const data = mkdtempSync(join(tmpdir(), 'unroll-footprint-'));
  const began = performance.now();
  const child = fork(join(root, 'bin/unroll.js'), ['serve'], {
    cwd: root,
    execArgv: [...flags, ...(options.probe ? ['--import', join(import.meta.dirname, 'probe.ts')] : [])],
    env: {
      ...process.env,
      MALLOC_ARENA_MAX: '2',
      NODE_COMPILE_CACHE: options.compileCache,
      UNROLL_PORT: '0',
      UNROLL_DATA: data,
      UNROLL_LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const url = await servedAt(child);
  const readyMs = performance.now() - began;
  const pid = child.pid!;
  const readyCpuMs = cpuMilliseconds(pid);
  return {
    url,
    readyMs,
    readyCpuMs,
    cpuMs: () => cpuMilliseconds(pid),
    async memory() {
      // what is still compiled and collected in the background
      await delay(3000);
      const report = once(child, 'message') as Promise<[HeapReport]>;
      child.send('heaps');
      const [heaps] = await report;
      return memoryParts(pid, heaps);
    },
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

async function servedAt(child: ChildProcess): Promise<string> {
  let output = '';
  for await (const chunk of child.stdout!) {
    output += String(chunk);
    const found = /"url":"(http:[^"]+)"/.exec(output);
    if (found) {
      // leaving the loop ends the stream, and the server may still write
      return found[1]!;
    }
  }
  throw new Error(`the server ended with ${child.exitCode}: ${output}`);
}
