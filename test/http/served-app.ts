import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withoutKey } from '../../src/access/caller.ts';
import { scopes } from '../../src/access/scopes.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { rowBuckets } from '../../src/engine/worker/tick-counters.ts';
import { buildApp } from '../../src/http/app.ts';
import { createTraining, type TrainingOptions } from '../../src/jobs/create-training.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import { createLoader } from '../../src/repository/loader.ts';
import { createRepository } from '../../src/repository/repository.ts';
import { openSessions } from '../../src/sessions/open-sessions.ts';
import { createStateTokens } from '../../src/sessions/state-token.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { modelFolder } from '../e2e/model-folder.ts';
import type { AppOptions, AppParts } from '../../src/http/parts.ts';

// The app with a real engine and real models, without a socket.

export type ServedApp = Awaited<ReturnType<typeof serveApp>>;

export async function serveApp(
  options: Partial<AppOptions> = {},
  trainingOptions: Partial<TrainingOptions> = {},
  logger: AppParts['logger'] = false,
) {
  const folder = modelFolder(['classifier', 'writer']);
  const kernel = createKernel({ mode: 'auto', memoryMegabytes: 64 });
  const engine = createEngine({ kernel, workers: 1, slots: 4, queue: 4, maxSteps: 1000 });
  const repository = createRepository({
    root: folder.path,
    loader: createLoader({ kernel, sizes: { workers: 1, slots: 4, maxSteps: 1000 } }),
    engine,
    log: createLogger('silent'),
    watch: false,
  });
  const metrics = createMetrics();
  metrics.observe({
    engine: () => engine.stats(),
    rowBounds: rowBuckets,
    kernel: engine.kernel,
    models: () => [],
    memory: () => ({ used: kernel.memory.used }),
    modelsReady: () => repository.list().filter(({ ready }) => ready).length,
    modelsFailed: () => 0,
  });
  const data = mkdtempSync(join(tmpdir(), 'unroll-data-'));
  const training = createTraining({
    redisUrl: '',
    folder: data,
    modelsRoot: folder.path,
    repository,
    maxRunning: 1,
    maxUnfinished: 16,
    threads: 1,
    memoryMegabytes: 256,
    maxDatasetBytes: 16_000_000,
    maxTotalDatasetBytes: 1_000_000_000,
    maxTotalCheckpointBytes: 1_000_000_000,
    reserveBytes: 0,
    ...trainingOptions,
    log: createLogger('silent'),
  });
  const state = { draining: false, full: false };
  const stopping = new AbortController();
  const tasks = {
    engine,
    repository,
    limits: {
      maxSteps: 1000,
      maxInputs: 10,
      maxTokens: 100,
      maxRequestSteps: 10_000,
      maxReplyBytes: 1_000_000,
      timeoutMs: 10_000,
      maxTimeoutMs: 10_000,
    },
  };
  const sessions = await openSessions(tasks, {
    kind: 'embedded',
    redisUrl: '',
    maxSessions: 100,
    maxBytes: 1 << 26,
    leaseMs: 1000,
    maxWaitMs: 1000,
    ttlSeconds: 60,
    writeMs: 5000,
    folder: data,
    log: createLogger('silent'),
  });
  const app = await buildApp({
    tasks,
    sessions,
    stateTokens: createStateTokens('', 60),
    training,
    metrics,
    logger,
    closing: () => state.draining,
    draining: () => state.draining,
    connectionsFull: () => state.full,
    stopping: stopping.signal,
    options: {
      maxBodyBytes: 10_000,
      receiveMs: 10_000,
      rateLimit: 0,
      corsOrigin: '',
      authentication: { kind: 'none', caller: withoutKey(scopes) },
      metricsAccess: 'infer',
      anyHost: true,
      publicUrl: '',
      trustProxy: '',
      maxEventLoopDelayMs: 0,
      pingMs: 1000,
      settings: [],
      ...options,
    },
  });
  await repository.start();
  training.start();
  return {
    data,
    models: folder.path,
    app,
    repository,
    training,
    state,
    stopping,
    close: async () => {
      await app.close();
      await sessions.close();
      await training.close(5000);
      rmSync(data, { recursive: true, force: true });
      await repository.close();
      await engine.close();
      folder.remove();
    },
  };
}
