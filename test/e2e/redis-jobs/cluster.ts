import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { createRng } from '../../../src/random.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { collectOutput, startProcess, until, type ServerProcess } from '../start-process.ts';

// Servers and training workers that share a Redis server and a folder.

export interface TrainingJob {
  readonly id: string;
  readonly status: string;
  readonly published: string | null;
  readonly best_step: number | null;
  readonly progress: { step: number } | null;
  readonly error: { code: string; message: string } | null;
}
export interface TrainingEvent {
  readonly id: number;
  readonly type: string;
  readonly message: string;
  readonly step: number;
}

export interface TrainWorkerProcess {
  readonly process: ChildProcess;
  output(): string;
  /** Sends a signal and waits for the end. @returns the exit code */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export interface Cluster {
  readonly redis: RedisServer;
  readonly models: string;
  readonly data: string;
  server(settings?: Readonly<Record<string, string | number>>): Promise<ServerProcess>;
  worker(settings?: Readonly<Record<string, string | number>>): Promise<TrainWorkerProcess>;
  weights(job: string, step: number): string;
}

const program = join(import.meta.dirname, '../../../bin/unroll.js');
/** Short, so that a test does not wait long for a worker that was killed. */
export const leaseMs = 1500;

const started = new Set<ChildProcess>();
const clusters: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL');
  for (const stop of clusters) await stop();
});

export async function startCluster(): Promise<Cluster> {
  const redis = await startRedis();
  const folder = mkdtempSync(join(tmpdir(), 'unroll-cluster-'));
  const [models, data] = [join(folder, 'models'), join(folder, 'data')];
  mkdirSync(models);
  clusters.push(async () => {
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const shared = { JOBS: 'bullmq', REDIS_URL: redis.url, TRAINING_LEASE_MS: leaseMs };
  return {
    redis,
    models,
    data,
    server: (settings = {}) =>
      startProcess(models, data, {
        settings: { ...shared, WORKERS: 1, ...settings },
        spawned: (child) => started.add(child),
      }),
    async worker(settings = {}) {
      const variables = { ...shared, MODELS: models, DATA: data, LOG_LEVEL: 'info', ...settings };
      const child = spawn(process.execPath, [program, 'train-worker'], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env['PATH'],
          ...Object.fromEntries(
            Object.entries(variables).map(([key, value]) => [`UNROLL_${key}`, String(value)]),
          ),
        },
      });
      started.add(child);
      const output = collectOutput(child);
      await until(() => {
        if (child.exitCode !== null) throw new Error(`the worker ended with ${child.exitCode}: ${output()}`);
        return output().includes('taking training jobs');
      }, 30_000);
      return {
        process: child,
        output,
        async end(signal) {
          if (child.exitCode === null && child.signalCode === null) {
            child.kill(signal);
            await once(child, 'exit');
          }
          return child.exitCode;
        },
      };
    },
    weights: (job, step) =>
      createHash('sha256')
        .update(readFileSync(join(data, 'jobs', job, 'checkpoints', String(step), 'weights.safetensors')))
        .digest('hex'),
  };
}

export const show = async (server: ServerProcess, id: string): Promise<TrainingJob> =>
  (await (await server.get(`/v1/training/jobs/${id}`)).json()) as TrainingJob;

export const listEvents = async (server: ServerProcess, id: string): Promise<TrainingEvent[]> => {
  const reply = await server.get(`/v1/training/jobs/${id}/events?limit=1000`);
  return ((await reply.json()) as { data: TrainingEvent[] }).data;
};

/** Asks a server until a job is as expected, and fails if it fails. */
export const untilJob = (
  server: ServerProcess,
  id: string,
  holds: (job: TrainingJob) => boolean,
  ms = 40_000,
): Promise<TrainingJob> =>
  until(async () => {
    const seen = await show(server, id);
    if (holds(seen)) return seen;
    if (seen.status === 'failed') throw new Error(seen.error!.message);
    return null;
  }, ms);

export const isOver = ({ status }: TrainingJob): boolean =>
  ['succeeded', 'failed', 'cancelled'].includes(status);
export const hasReached =
  (step: number) =>
  ({ progress }: TrainingJob): boolean =>
    (progress?.step ?? 0) >= step;

const words = ['the', 'a', 'dog', 'cat', 'runs', 'sleeps', 'fast'];
const kinds = ['D', 'D', 'N', 'N', 'V', 'V', 'R'];
const records = (count: number, seed: number) => {
  const random = createRng(seed);
  return Array.from({ length: count }, () => {
    const picks = Array.from({ length: 2 + Math.floor(random.next() * 9) }, () =>
      Math.floor(random.next() * words.length),
    );
    return { tokens: picks.map((i) => words[i]), labels: picks.map((i) => kinds[i]) };
  });
};

/** A job of 360 steps. */
export const taggerJob = (model: string, more: object = {}) => ({
  model,
  task: 'tag',
  inputs: { kind: 'text', vocabulary: 'words' },
  network: {
    layers: [
      { type: 'embedding', units: 8 },
      { type: 'dropout', rate: 0.2 },
      { type: 'recurrent', cell: 'lstm', units: 32, bidirectional: true, recurrent_dropout: 0.1 },
      { type: 'dense' },
    ],
  },
  data: { records: records(400, 1) },
  hyperparameters: { learning_rate: 0.01, checkpoint_every: 11, evaluate_every: 40 },
  budget: { epochs: 30 },
  seed: 4,
  ...more,
});
export const lastStep = 360;
