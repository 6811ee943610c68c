import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fetch, type RequestInit, type Response } from 'undici';
import { afterAll } from 'vitest';

// A real server in a process of its own, started as a user starts it.

const program = join(import.meta.dirname, '../../bin/unroll.js');

/** A test that fails half-way must not leave its server behind. Runs after the file's own hooks. */
const started = new Set<ChildProcess>();
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL');
});

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

export async function startServer(
  models: string,
  settings: Readonly<Record<string, string | number>> = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const variables = Object.entries(settings).map(([key, value]) => [`UNROLL_${key}`, String(value)]);
  const data = mkdtempSync(join(tmpdir(), 'unroll-data-'));
  folders.push(data);
  const child = spawn(process.execPath, [program, 'serve'], {
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
  started.add(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const found = await until(() => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${output}`);
    return /Unroll is at (http:\/\/\S+?:(\d+))/.exec(output);
  }, 20_000);
  const url = found[1]!;

  const server: ServerProcess = {
    url,
    port: Number(found[2]),
    process: child,
    output: () => output,
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

/** Asks until there is an answer, and fails after `ms`. */
export async function until<T>(ask: () => T | Promise<T>, ms = 5000): Promise<NonNullable<T>> {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`nothing after ${ms} ms: ${String(ask)}`);
    await delay(10);
  }
}
