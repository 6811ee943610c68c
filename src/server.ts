import type { AddressInfo } from 'node:net';
import { describeConfig, type Config } from './config.ts';
import { createEngine } from './engine/engine.ts';
import { rowBuckets } from './engine/worker/tick-counters.ts';
import { buildApp } from './http/app.ts';
import { trackConnections } from './http/connections.ts';
import { answerHalfClosed } from './http/half-closed.ts';
import { limitConnections } from './http/limit-connections.ts';
import { createTraining } from './jobs/create-training.ts';
import { createKernel } from './cells/create-kernel.ts';
import { createLoader } from './repository/loader.ts';
import { createRepository } from './repository/repository.ts';
import type { ModelListing } from './repository/repository-interface.ts';
import type { LoaderThread } from './repository/start-loader-thread.ts';
import { shutDown } from './shutdown.ts';
import { probeDescriptors } from './telemetry/descriptor-probe.ts';
import { readDescriptorUse } from './telemetry/descriptors.ts';
import type { Logger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { releaseMemoryWhenIdle } from './telemetry/release-memory.ts';

// The composition root: creates each component once and passes it to those that depend on it.

/** A running server. */
export interface Server {
  readonly url: string;
  readonly models: () => readonly ModelListing[];
  /**
   * Rejects new work, waits up to `drainMs` for requests in progress, then ends all within `shutdownGraceMs`.
   */
  close(drainMs: number): Promise<void>;
}

/**
 * Starts a server.
 * @param loaderThread started before this module was imported
 * @throws when it cannot listen
 */
export async function startServer(config: Config, log: Logger, loaderThread?: LoaderThread): Promise<Server> {
  const metrics = createMetrics();
  const kernel = createKernel({ mode: config.KERNEL, memoryMegabytes: config.MEMORY_MB });
  let endedSequences = 0;
  const engine = createEngine({
    kernel,
    workers: config.WORKERS,
    slots: config.SLOTS,
    queue: config.QUEUE,
    maxExpectedMs: config.MAX_EXPECTED_MS,
    maxSteps: config.MAX_STEPS,
    hooks: {
      onSequenceEnd: ({ queuedMs }) => {
        endedSequences++;
        metrics.queueTime.observe(queuedMs / 1000);
      },
      onProblem: (description) => log.error({ description }, 'engine fault'),
      onWorkerExit: (worker, reason) => log.error({ worker, reason }, 'a worker crashed and is replaced'),
    },
  });
  log.info({ kernel: engine.kernel, workers: config.WORKERS }, 'kernel ready');
  const loader = createLoader({
    kernel,
    sizes: { workers: config.WORKERS, slots: config.SLOTS, maxSteps: config.MAX_STEPS },
    started: loaderThread,
  });
  const repository = createRepository({ root: config.MODELS, loader, engine, log, watch: config.WATCH });
  // in their own thread, while this one builds the app
  const modelsLoaded = repository.start();
  metrics.observe({
    engine: () => engine.stats(),
    rowBounds: rowBuckets,
    kernel: engine.kernel,
    modelKernels: () =>
      repository.list().flatMap(({ served }) =>
        served
          ? {
              model: served.name,
              version: served.version,
              path: (served.spec ? served.network.info : served.graph).kernel.path,
            }
          : [],
      ),
    memory: () => ({ used: kernel.memory.used }),
    modelsReady: () => repository.list().filter(({ ready }) => ready).length,
    modelsFailed: () => repository.list().filter(({ error, unloaded }) => error !== null && !unloaded).length,
  });

  const training = createTraining({
    folder: config.DATA,
    modelsRoot: config.MODELS,
    repository,
    maxRunning: config.TRAINING_JOBS,
    maxUnfinished: config.TRAINING_QUEUE,
    threads: config.TRAINING_THREADS,
    memoryMegabytes: config.TRAINING_MEMORY_MB,
    maxDatasetBytes: config.MAX_DATASET_BYTES,
    maxTotalDatasetBytes: config.MAX_DATASETS_BYTES,
    maxTotalCheckpointBytes: config.MAX_CHECKPOINTS_BYTES,
    reserveBytes: config.DISK_RESERVE_BYTES,
    log,
  });
  metrics.observeTraining({ counts: () => training.jobs.counts(), steps: () => training.jobs.steps() });

  let draining = false;
  const stopping = new AbortController();
  const app = await buildApp({
    tasks: {
      engine,
      repository,
      limits: {
        maxSteps: config.MAX_STEPS,
        maxInputs: config.MAX_INPUTS,
        maxTokens: config.MAX_TOKENS,
        maxRequestSteps: config.MAX_REQUEST_STEPS,
        maxReplyBytes: config.MAX_REPLY_BYTES,
        timeoutMs: config.TIMEOUT_MS,
        maxTimeoutMs: config.MAX_TIMEOUT_MS,
      },
    },
    training,
    metrics,
    logger: log,
    draining: () => draining,
    connectionsFull: () => limit.full || descriptors.exhausted,
    stopping: stopping.signal,
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

  const connections = trackConnections(app.server);
  answerHalfClosed(app.server, connections);
  const limit = limitConnections(app.server, { connections, log });
  const descriptors = probeDescriptors(log);
  const release = releaseMemoryWhenIdle(
    () => endedSequences,
    () => engine.stats().running > 0,
  );
  metrics.observeConnections({
    open: () => connections.open,
    refused: () => limit.refused,
    exhausted: () => descriptors.exhausted,
  });

  const close = (drainMs: number): Promise<void> => {
    draining = true;
    release.stop();
    descriptors.stop();
    const endStreams = (): void => stopping.abort();
    return shutDown({ app, connections, engine, repository, training, endStreams }, drainMs);
  };
  try {
    await modelsLoaded;
    // all descriptors that stay open are open now
    limit.update(readDescriptorUse());
    await app.listen({ host: config.HOST, port: config.PORT });
    // after listening: a server that cannot listen must not run jobs. It serves even if training is
    // unavailable
    training.start();
  } catch (error) {
    await close(0);
    throw error;
  }
  const { address, port, family } = app.server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  return { url, models: () => repository.list(), close };
}
