import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { createRng } from '../../src/random.ts';
import { startServer, type ServerProcess } from './server-process.ts';

// Training jobs of a real server, through its API alone.

const root = mkdtempSync(join(tmpdir(), 'unroll-training-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Job {
  readonly id: string;
  readonly status: string;
  readonly published: string | null;
  readonly progress: { step: number } | null;
  readonly error: { code: string; message: string } | null;
}

const words = ['the', 'a', 'dog', 'cat', 'runs', 'sleeps', 'fast'];
const kinds: Readonly<Record<string, string>> = {
  the: 'D',
  a: 'D',
  dog: 'N',
  cat: 'N',
  runs: 'V',
  sleeps: 'V',
  fast: 'R',
};
const records = (count: number, seed: number) => {
  const random = createRng(seed);
  return Array.from({ length: count }, () => {
    const tokens = Array.from(
      { length: 2 + Math.floor(random.next() * 9) },
      () => words[Math.floor(random.next() * words.length)]!,
    );
    return { tokens, labels: tokens.map((token) => kinds[token]!) };
  });
};
const job = (model: string, more: object = {}) => ({
  model,
  task: 'tag',
  inputs: { kind: 'text', vocabulary: 'words' },
  network: {
    layers: [
      { type: 'embedding', units: 8 },
      { type: 'dropout', rate: 0.2 },
      { type: 'recurrent', cell: 'lstm', units: 24, bidirectional: true, recurrent_dropout: 0.1 },
      { type: 'dense' },
    ],
  },
  data: { records: records(400, 1) },
  hyperparameters: { learning_rate: 0.01, shards: 2, checkpoint_every: 11, evaluate_every: 40 },
  budget: { epochs: 30 },
  seed: 4,
  ...more,
});

/** A server with models and data of its own, which another may take up. */
async function serve(name: string, settings: Record<string, string | number> = {}): Promise<ServerProcess> {
  const models = join(root, name, 'models');
  mkdirSync(models, { recursive: true });
  return startServer(models, { DATA: join(root, name, 'data'), WORKERS: 1, ...settings });
}
const show = async (server: ServerProcess, id: string): Promise<Job> =>
  (await (await server.get(`/v1/training/jobs/${id}`)).json()) as Job;
async function until(server: ServerProcess, id: string, holds: (job: Job) => boolean): Promise<Job> {
  for (;;) {
    const seen = await show(server, id);
    if (holds(seen)) return seen;
    if (seen.status === 'failed') throw new Error(seen.error!.message);
    await delay(15);
  }
}
const over = ({ status }: Job): boolean => ['succeeded', 'failed', 'cancelled'].includes(status);
const weightsPath = (name: string, id: string, step: number): string =>
  createHash('sha256')
    .update(
      readFileSync(join(root, name, 'data/jobs', id, 'checkpoints', String(step), 'weights.safetensors')),
    )
    .digest('hex');
const last = 360;

describe('a training job', { timeout: 120_000 }, () => {
  let uninterrupted = '';

  it('is trained, published and served without a restart', async () => {
    const server = await serve('whole');
    const { id } = await server.ask<Job>('/v1/training/jobs', job('tagger'));
    const done = await until(server, id, over);
    expect(done).toMatchObject({ status: 'succeeded', published: 'tagger@1' });
    uninterrupted = weightsPath('whole', id, last);
    const { predictions } = await server.ask<{ predictions: { tokens: { label: string }[] }[] }>(
      '/v1/models/tagger/tag',
      { input: 'the dog sleeps' },
    );
    expect(predictions[0]!.tokens.map(({ label }) => label)).toEqual(['D', 'N', 'V']);
    expect(await server.stop()).toBe(0);
  });

  it('learns a chain over labels, and answers by it', async () => {
    const server = await serve('chain');
    // by itself a word tells nothing: each is a noun after a determiner, else a verb; only the chain has a memory
    const random = createRng(3);
    const sentence = () => {
      const tokens = ['the'];
      for (let left = 4; left > 0; left--) {
        const again = tokens.at(-1) !== 'the' && random.next() < 0.5;
        tokens.push(again ? 'the' : random.next() < 0.5 ? 'saw' : 'run');
      }
      const labels = tokens.map((token, t) => (token === 'the' ? 'D' : tokens[t - 1] === 'the' ? 'N' : 'V'));
      return { tokens, labels };
    };
    const { id } = await server.ask<Job>('/v1/training/jobs', {
      ...job('chained'),
      network: { layers: [{ type: 'embedding', units: 4 }, { type: 'dense' }, { type: 'crf' }] },
      data: { records: Array.from({ length: 100 }, sentence) },
      hyperparameters: { learning_rate: 0.1 },
      budget: { epochs: 20 },
    });
    expect(await until(server, id, over)).toMatchObject({ status: 'succeeded', published: 'chained@1' });
    const { predictions } = await server.ask<{
      predictions: { tokens: { label: string; score: number }[] }[];
    }>('/v1/models/chained/tag', { input: ['the saw saw the run', 'the run run'] });
    expect(predictions.map(({ tokens }) => tokens.map(({ label }) => label).join(''))).toEqual([
      'DNVDN',
      'DNV',
    ]);
    for (const { score } of predictions.flatMap(({ tokens }) => tokens)) expect(score).toBeGreaterThan(0.5);
    expect(await server.stop()).toBe(0);
  });

  it('ends with the same bits on two threads, and when it is killed again and again', async () => {
    let server = await serve('killed', { TRAINING_THREADS: 2 });
    const { id } = await server.ask<Job>('/v1/training/jobs', job('tagger'));
    for (const step of [30, 120, 250]) {
      await until(
        server,
        id,
        ({ progress, status }) => (progress?.step ?? 0) >= step || status === 'succeeded',
      );
      server.process.kill('SIGKILL');
      server = await serve('killed', { TRAINING_THREADS: 2 });
    }
    expect(await until(server, id, over)).toMatchObject({ status: 'succeeded' });
    expect(weightsPath('killed', id, last)).toBe(uninterrupted);
    await server.stop();
  });

  it('ends with the same bits when it is paused, and when the server is stopped', async () => {
    let server = await serve('paused');
    const { id } = await server.ask<Job>('/v1/training/jobs', job('tagger'));
    await until(server, id, ({ progress }) => (progress?.step ?? 0) >= 50);
    const asked = performance.now();
    await server.post(`/v1/training/jobs/${id}/pause`, {});
    await until(server, id, ({ status }) => status === 'paused');
    expect(performance.now() - asked).toBeLessThan(5000);
    await server.post(`/v1/training/jobs/${id}/resume`, {});
    await until(server, id, ({ progress }) => (progress?.step ?? 0) >= 150);
    expect(await server.stop()).toBe(0);
    server = await serve('paused');
    expect(await until(server, id, over)).toMatchObject({ status: 'succeeded' });
    expect(weightsPath('paused', id, last)).toBe(uninterrupted);
    await server.stop();
  });

  it('is cancelled at its next step; one that waits at once', async () => {
    const server = await serve('cancelled');
    const first = await server.ask<Job>('/v1/training/jobs', job('one', { budget: { epochs: 10_000 } }));
    const second = await server.ask<Job>('/v1/training/jobs', job('two'));
    await until(server, first.id, ({ progress }) => progress !== null);
    await until(server, second.id, ({ status }) => status === 'queued');
    for (const { id } of [second, first]) {
      await server.post(`/v1/training/jobs/${id}/cancel`, {});
      expect((await until(server, id, over)).status).toBe('cancelled');
    }
    const again = await server.post(`/v1/training/jobs/${first.id}/cancel`, {});
    expect(again.status).toBe(409);
    await server.stop();
  });

  it('goes on from a model whose folder is removed meanwhile; frozen layers keep their bits', async () => {
    const server = await serve('based');
    const { id } = await server.ask<Job>('/v1/training/jobs', job('base', { budget: { epochs: 1 } }));
    await until(server, id, over);
    const rest = job('next', {
      base: 'base@1',
      frozen: ['embedding_0'],
      network: undefined,
      inputs: undefined,
      budget: { epochs: 20 },
    });
    const next = await server.ask<Job>('/v1/training/jobs', rest);
    rmSync(join(root, 'based/models/base'), { recursive: true });
    expect(await until(server, next.id, over)).toMatchObject({ status: 'succeeded', published: 'next@1' });
    await server.stop();
  });

  it('makes one model of a name at a time, and versions one after the other', async () => {
    const server = await serve('named');
    const long = await server.ask<Job>('/v1/training/jobs', job('same', { budget: { epochs: 10_000 } }));
    const rival = await server.post('/v1/training/jobs', job('same'));
    expect(rival.status).toBe(409);
    expect(await rival.json()).toMatchObject({ code: 'name_taken', field: 'model' });
    await server.post(`/v1/training/jobs/${long.id}/cancel`, {});
    await until(server, long.id, over);
    for (const version of [1, 2]) {
      const { id } = await server.ask<Job>(
        '/v1/training/jobs',
        job('same', { budget: { epochs: 1 }, publish: 'always' }),
      );
      expect((await until(server, id, over)).published).toBe(`same@${version}`);
    }
    await server.stop();
  });

  it('fails, when it diverges, with the step and what to try', async () => {
    const server = await serve('diverging');
    const { id } = await server.ask<Job>(
      '/v1/training/jobs',
      job('wild', {
        task: 'predict',
        inputs: undefined,
        network: {
          layers: [{ type: 'recurrent', cell: 'rnn', activation: 'relu', units: 8 }, { type: 'dense' }],
        },
        data: {
          records: Array.from({ length: 50 }, (_, i) => ({ values: [[i], [i + 1], [i * 3]], target: i })),
        },
        hyperparameters: { learning_rate: 1000, optimizer: { type: 'sgd' }, clip: {} },
      }),
    );
    const seen = await (async () => {
      for (;;) {
        const now = await show(server, id);
        if (over(now)) return now;
        await delay(15);
      }
    })();
    expect(seen.status).toBe('failed');
    expect(seen.error).toMatchObject({ code: 'diverged' });
    expect(seen.error!.message).toMatch(/^step \d+: .*learning_rate/);
    await server.stop();
  });
});
