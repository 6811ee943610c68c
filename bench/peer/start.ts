import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProcess, startServer, type ServerProcess } from '../server-process.ts';
import type { Case } from './cases.ts';

export interface Pair {
  readonly ours: ServerProcess;
  readonly peer: ServerProcess;
  stop(): Promise<void>;
}

/** The files of the models: as they are for the peer, and imported as users import them. */
export interface ModelFiles {
  readonly onnx: string;
  readonly models: string;
  readonly data: string;
  remove(): void;
}

export function writeModels(cases: readonly Case[]): ModelFiles {
  const folder = mkdtempSync(join(tmpdir(), 'unroll-peer-'));
  const [onnx, models, data] = ['onnx', 'models', 'data'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const each of [onnx, models, data]) mkdirSync(each);
  for (const { name, task, size, onnx: bytes } of oneEach(cases)) {
    const file = join(onnx, `${name}.onnx`);
    writeFileSync(file, bytes);
    const labels =
      'labels' in size ? ['--labels', Array.from({ length: size.labels }, (_, i) => `c${i}`).join()] : [];
    runUnroll(['import', file, '--name', name, '--task', task, ...labels], models);
  }
  return { onnx, models, data, remove: () => rmSync(folder, { recursive: true }) };
}

/** One case of each model: its weights may be compared in two precisions. */
const oneEach = (cases: readonly Case[]): Case[] => [
  ...new Map(cases.map((one) => [one.name, one])).values(),
];

/** Runs a command of `unroll` on a folder of models. @returns what it printed */
export function runUnroll(given: readonly string[], models: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bin/unroll.js', ...given], {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...process.env, UNROLL_MODELS: models },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`unroll ${given.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** Starts both servers, this one with a single worker. @param cpu the only CPU of both, null for any */
export async function startPair(
  cases: readonly Case[],
  { onnx, models, data }: ModelFiles,
  cpu: number | null = null,
): Promise<Pair> {
  const environment = {
    UNROLL_MODELS: models,
    UNROLL_WORKERS: '1',
    // the peer refuses nobody, however busy the machine
    UNROLL_MAX_EXPECTED_MS: '60000',
    UNROLL_MAX_EVENT_LOOP_DELAY_MS: '0',
    UNROLL_DATA: data,
  };
  const ours = await startServer(environment, { cpu });
  const served = oneEach(cases)
    .map(({ name, task }) => `${name}:${task}`)
    .join();
  const peer = await startProcess(
    (port) => ['peer/server.ts', '--folder', onnx, '--port', String(port), '--models', served],
    { readyPath: '/ready', cwd: join(import.meta.dirname, '..'), cpu },
  );
  return { ours, peer, stop: async () => void (await Promise.all([ours.stop(), peer.stop()])) };
}

export const startEcho = (): Promise<ServerProcess> =>
  startProcess((port) => ['peer/echo.ts', String(port)], { readyPath: '/ready' });
