import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describeConfig, type Config } from './config.ts';
import { createEngine } from './engine/engine.ts';
import { rowBuckets } from './engine/tick-counters.ts';
import { buildApp } from './http/app.ts';
import { followAnswers } from './http/open-answers.ts';
import { createTraining } from './jobs/training.ts';
import { createKernel } from './cells/create-kernel.ts';
import { createRepository } from './repository/repository.ts';
import type { ModelListing } from './repository/repository-interface.ts';
import { createLogger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';

// The composition root: every part is built once, here, and handed down.

/** For the last words to those whose work ran out of time. */
const farewellMs = 500;

export interface Server {
  readonly url: string;
  readonly models: () => readonly ModelListing[];
  /** Takes nothing new, lets what runs finish within UNROLL_DRAIN_MS, then ends everything. */
  close(): Promise<void>;
}

export async function startServer(config: Config): Promise<Server> {
  const log = createLogger(config.LOG_LEVEL);
  const metrics = createMetrics();
  const kernel = createKernel({ mode: config.KERNEL, memoryMegabytes: config.MEMORY_MB });
  const engine = createEngine({
    kernel,
    workers: config.WORKERS,
    slots: config.SLOTS,
    queue: config.QUEUE,
    maxSteps: config.MAX_STEPS,
    hooks: {
      ended: ({ queuedMs }) => metrics.queueTime.observe(queuedMs / 1000),
      problem: (what) => log.error({ what }, 'engine problem'),
      workerDied: (worker, reason) => log.error({ worker, reason }, 'a worker died and is replaced'),
    },
  });
  log.info({ kernel: engine.kernel, workers: config.WORKERS }, 'kernel ready');
  const repository = createRepository({ root: config.MODELS, engine, log, watch: config.WATCH });
  metrics.observe({
    engine: () => engine.stats(),
    rowBounds: rowBuckets,
    kernel: engine.kernel,
    memory: () => ({ used: kernel.memory.used }),
    modelsReady: () => repository.list().filter(({ ready }) => ready).length,
    modelsFailed: () => repository.list().filter(({ error, unloaded }) => error !== null && !unloaded).length,
  });

  const training = createTraining({
    folder: config.DATA,
    modelsRoot: config.MODELS,
    repository,
    atOnce: config.TRAINING_JOBS,
    queue: config.TRAINING_QUEUE,
    threads: config.TRAINING_THREADS,
    memoryMegabytes: config.TRAINING_MEMORY_MB,
    mostDatasetBytes: config.MAX_DATASET_BYTES,
    log,
  });
  metrics.observeTraining({ counts: () => training.jobs.counts(), steps: () => training.jobs.steps() });

  let draining = false;
  const app = await buildApp({
    tasks: {
      engine,
      repository,
      limits: {
        maxSteps: config.MAX_STEPS,
        maxInputs: config.MAX_INPUTS,
        maxTokens: config.MAX_TOKENS,
        timeoutMs: config.TIMEOUT_MS,
        maxTimeoutMs: config.MAX_TIMEOUT_MS,
      },
    },
    training,
    metrics,
    logger: log,
    draining: () => draining,
    options: {
      maxBodyBytes: config.MAX_BODY_BYTES,
      receiveMs: config.RECEIVE_MS,
      rateLimit: config.RATE_LIMIT,
      corsOrigin: config.CORS_ORIGIN,
      maxEventLoopDelayMs: config.MAX_EVENT_LOOP_DELAY_MS,
      pingMs: config.PING_MS,
      settings: describeConfig(),
    },
  });

  const answers = followAnswers(app.server);

  const close = async (): Promise<void> => {
    draining = true;
    const patience = delay(config.DRAIN_MS, undefined, { ref: false });
    // what trains stops at its next step; the next start takes it up again
    const stopped = training.close(config.DRAIN_MS);
    await repository.close();
    await engine.drain(config.DRAIN_MS);
    await stopped;
    // what still runs ends with an error that says why
    await engine.close();
    // what was answered may still be on its way out; nothing else is worth waiting for
    const farewell = delay(farewellMs, undefined, { ref: false });
    await Promise.race([answers.allOut(), Promise.all([patience, farewell])]);
    const closed = app.close();
    app.server.closeAllConnections();
    await closed;
  };
  try {
    await repository.start();
    await training.start();
    await app.listen({ host: config.HOST, port: config.PORT });
  } catch (error) {
    await close();
    throw error;
  }
  const { address, port, family } = app.server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  return { url, models: () => repository.list(), close };
}
