import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Starts a server in its own process.

const root = join(import.meta.dirname, '../..');

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  readonly pid: number;
  /** Set once it listens. */
  readonly port: number;
  /** The last few megabytes of its output. */
  output(): string;
  /** Resolves once it listens. @throws Error if it exits before */
  readonly listening: Promise<void>;
  readonly ended: Promise<Exit>;
  /** Null while it runs. */
  readonly exit: Exit | null;
  kill(signal: NodeJS.Signals): void;
}

/** Servers to kill and folders to remove at exit. */
const running = new Set<() => void>();
const temporaryFolders = new Set<string>();
process.on('exit', () => {
  for (const kill of running) kill();
  for (const folder of temporaryFolders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

export function startServer(options: {
  readonly models: string;
  readonly data: string;
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Modules loaded before the server's own. */
  readonly preload?: readonly string[];
}): ServerProcess {
  const { models, data, settings = {}, preload = [] } = options;
  const variables = Object.entries(settings).map(([name, value]) => [`UNROLL_${name}`, String(value)]);
  const child = spawn(
    process.execPath,
    [...preload.flatMap((module) => ['--import', module]), join(root, 'bin/unroll.js'), 'serve'],
    {
      env: {
        PATH: process.env['PATH'],
        UNROLL_MODELS: models,
        UNROLL_DATA: data,
        UNROLL_PORT: '0',
        UNROLL_LOG_LEVEL: 'warn',
        ...Object.fromEntries(variables),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const kill = (): void => void child.kill('SIGKILL');
  running.add(kill);
  let output = '';
  let port = 0;
  let exit: Exit | null = null;
  const ended = new Promise<Exit>((resolve) => {
    child.on('close', (code, signal) => {
      running.delete(kill);
      exit = { code, signal };
      resolve(exit);
    });
  });
  const listening = new Promise<void>((resolve, reject) => {
    const append = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4_000_000);
      const found = port === 0 ? /"url":"http:[^"]+:(\d+)"/.exec(output) : null;
      if (!found) return;
      port = Number(found[1]);
      resolve();
    };
    child.stdout.on('data', append);
    child.stderr.on('data', append);
    void ended.then(({ code, signal }) =>
      reject(
        new Error(`the server exited with ${code ?? signal} before it listened: ${output.slice(-2000)}`),
      ),
    );
  });
  listening.catch(() => {});
  return {
    pid: child.pid!,
    get port() {
      return port;
    },
    output: () => output,
    listening,
    ended,
    get exit() {
      return exit;
    },
    kill: (signal) => void child.kill(signal),
  };
}

/**
 * Creates a folder with the shipped models, all or those named, and a data folder.
 * @returns the folders, and `remove`
 */
export function createServerFolders(names: readonly string[] = readdirSync(join(root, 'models'))): {
  readonly models: string;
  readonly data: string;
  readonly remove: () => void;
} {
  const folder = mkdtempSync(join(tmpdir(), 'unroll-stress-'));
  temporaryFolders.add(folder);
  const [models, data] = [join(folder, 'models'), join(folder, 'data')];
  for (const name of names) cpSync(join(root, 'models', name), join(models, name), { recursive: true });
  return {
    models,
    data,
    remove() {
      temporaryFolders.delete(folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
