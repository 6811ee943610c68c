import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import manifest from '../package.json' with { type: 'json' };

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
  /** Processor time of the process so far, in seconds; NaN where there is no /proc. */
  cpuSeconds(): number;
}

const readyWithinMilliseconds = 30_000;

/** Node's flags of `npm start`. */
const startFlags = /node ((?:--\S+ )+)/.exec(manifest.scripts.start)![1]!.trim().split(' ');

/**
 * Starts the server as `npm start` does, on a free port; resolves once it is ready.
 * @param options.cpu the only CPU it may use, null for any
 * @param options.root another checkout to serve from, to compare two versions
 */
export function startServer(
  environment: Record<string, string> = {},
  { cpu = null, root = `${import.meta.dirname}/..` }: { cpu?: number | null; root?: string } = {},
): Promise<ServerProcess> {
  return startProcess(() => [...startFlags, 'bin/unroll.js', 'serve'], {
    readyPath: '/v2/health/ready',
    cwd: root,
    cpu,
    environment: (port) => ({
      MALLOC_ARENA_MAX: '2',
      UNROLL_PORT: String(port),
      UNROLL_LOG_LEVEL: 'warn',
      ...environment,
    }),
  });
}

/** Starts a script in Node that listens on a free port; resolves once it is ready. */
export async function startProcess(
  options: (port: number) => readonly string[],
  {
    readyPath,
    environment = () => ({}),
    cwd = import.meta.dirname,
    cpu = null,
  }: {
    readonly readyPath: string;
    readonly environment?: (port: number) => Record<string, string>;
    readonly cwd?: string;
    readonly cpu?: number | null;
  },
): Promise<ServerProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const command = [process.execPath, ...options(port)];
  const [file = '', ...rest] = cpu === null ? command : ['taskset', '-c', String(cpu), ...command];
  const child = spawn(file, rest, {
    cwd,
    env: { ...process.env, ...environment(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  const deadline = performance.now() + readyWithinMilliseconds;
  while (!(await isReady(`${url}${readyPath}`))) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    if (performance.now() > deadline) {
      await stop();
      throw new Error(`the server was not ready within ${readyWithinMilliseconds} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { url, pid: child.pid!, stop, cpuSeconds: () => readCpuSeconds(child.pid!) };
}

/** Ticks of user and system time are fields 14 and 15 of /proc/<pid>/stat, 100 a second on Linux. */
function readCpuSeconds(pid: number): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return NaN;
  const fields = readFileSync(file, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function isReady(url: string): Promise<boolean> {
  return fetch(url).then(
    (reply) => reply.ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
