import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fetch, type RequestInit, type Response } from 'undici';

// A real server in a process of its own, started as a user starts it.

const ownProgram = join(import.meta.dirname, '../../bin/unroll.js');

export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** Everything printed so far. */
  output(): string;
  get(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
  /** The JSON of a task's reply; fails on any other status. */
  ask<T = Record<string, never>>(path: string, body: unknown): Promise<T>;
  /** A metric's value, summed over its labels. */
  metric(name: string): Promise<number>;
  /** Ends it with SIGTERM. @returns its exit code */
  stop(): Promise<number | null>;
}

export interface ProcessOptions {
  /** UNROLL_ variables, without the prefix. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Variables that are not settings. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Runs the program; this process' own by default. */
  readonly node?: string;
  /** The program that is started; this repository's by default. */
  readonly program?: string;
  /** Of node itself. */
  readonly nodeArgs?: readonly string[];
  /** Opens a message channel to the process: `process.send` and its `message` events. */
  readonly messages?: boolean;
  /** Most file descriptors. */
  readonly descriptors?: number;
  /** Called with the process before it is ready. */
  readonly spawned?: (child: ChildProcess) => void;
}

export async function startProcess(
  models: string,
  data: string,
  {
    settings = {},
    environment = {},
    node = process.execPath,
    program = ownProgram,
    nodeArgs = [],
    messages = false,
    descriptors,
    spawned,
  }: ProcessOptions = {},
): Promise<ServerProcess> {
  const variables = Object.entries(settings).map(([key, value]) => [`UNROLL_${key}`, String(value)]);
  const command = [node, ...nodeArgs, program, 'serve'];
  // a shell sets the limit for itself, hard and soft, and becomes the server
  if (descriptors !== undefined) command.unshift('sh', '-c', `ulimit -n ${descriptors} && exec "$@"`, 'sh');
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['pipe', 'pipe', 'pipe', ...(messages ? (['ipc'] as const) : [])],
    env: {
      PATH: process.env['PATH'],
      UNROLL_MODELS: models,
      UNROLL_DATA: data,
      UNROLL_PORT: '0',
      UNROLL_WORKERS: '2',
      UNROLL_LOG_LEVEL: 'warn',
      ...Object.fromEntries(variables),
      ...environment,
    },
  });
  spawned?.(child);
  const output = collectOutput(child);
  const found = await until(() => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${output()}`);
    return /"url":"(http:[^"]+:(\d+))","models"/.exec(output());
  }, 60_000);
  const url = found[1]!;

  const server: ServerProcess = {
    url,
    port: Number(found[2]),
    process: child,
    output,
    get: (path, init) => fetch(url + path, init),
    post: (path, body, init) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...init,
      }),
    async ask<T>(path: string, body: unknown) {
      const reply = await server.post(path, body);
      if (reply.status !== 200) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
      return (await reply.json()) as T;
    },
    async metric(name) {
      const text = await (await server.get('/metrics')).text();
      const lines = text.split('\n').filter((line) => new RegExp(`^${name}[ {]`).test(line));
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    async stop() {
      if (child.exitCode !== null) return child.exitCode;
      child.kill('SIGTERM');
      await once(child, 'exit');
      return child.exitCode;
    },
  };
  return server;
}

/** What a process prints, which also goes to a file of the folder TEST_LOGS, where CI keeps it. */
export function collectOutput(child: ChildProcess): () => string {
  const folder = process.env['TEST_LOGS'];
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  const file =
    folder === undefined ? null : createWriteStream(join(folder, `server-${Date.now()}-${child.pid}.log`));
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      file?.write(chunk);
    });
  child.once('close', () => file?.end());
  return () => output;
}

/** Asks until there is an answer, and fails after `ms`. */
export async function until<T>(ask: () => T | Promise<T>, ms = 5000): Promise<NonNullable<T>> {
  const end = performance.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > end) throw new Error(`nothing after ${ms} ms: ${String(ask)}`);
    await delay(10);
  }
}
