import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { withoutKey } from './access/caller.ts';
import { createKeyRing } from './access/key-ring.ts';
import { isLoopback, scopesWithoutKey } from './access/without-keys.ts';
import { describeConfig, type Config } from './config.ts';
import { createEngine } from './engine/engine.ts';
import { rowBuckets } from './engine/worker/tick-counters.ts';
import { buildApp } from './http/app.ts';
import { injectRequest, type Inject } from './http/inject-request.ts';
import { trackConnections } from './http/connections.ts';
import { answerHalfClosed } from './http/half-closed.ts';
import { limitConnections } from './http/limit-connections.ts';
import { checkExample } from './http/v1/check-example.ts';
import { openTraining } from './jobs/job-backends.ts';
import { createKernel } from './cells/create-kernel.ts';
import { createStateTokens } from './sessions/state-token.ts';
import { openSessions } from './sessions/open-sessions.ts';
import { createPrefixStates } from './tasks/prefix/prefix-states.ts';
import type { TaskContext } from './tasks/context.ts';
import { createLoader } from './repository/loader.ts';
import { createRepository } from './repository/repository.ts';
import type { ModelListing } from './repository/repository-interface.ts';
import { scanModels } from './repository/scan-models.ts';
import { scanSingleModel } from './repository/scan-single-model.ts';
import type { LoaderThread } from './repository/start-loader-thread.ts';
import { shutDown } from './shutdown.ts';
import { probeDescriptors } from './telemetry/descriptor-probe.ts';
import { readDescriptorUse } from './telemetry/descriptors.ts';
import type { Logger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import type { MeasuredModel } from './telemetry/model-metrics.ts';
import { releaseMemoryWhenIdle } from './telemetry/release-memory.ts';

// The composition root: creates each component once and passes it to those that depend on it.

/** A running server. */
export interface Server {
  /** Empty where it does not listen. */
  readonly url: string;
  /** Answers a request of this process, without a connection. */
  readonly inject: Inject;
  readonly models: () => readonly ModelListing[];
  /**
   * Is not ready, but serves for `delayMs`; then rejects new work, waits up to `drainMs` for requests in progress,
   * and ends all within `shutdownGraceMs`.
   */
  close(drainMs: number, delayMs?: number): Promise<void>;
}

const toMeasured = ({ served, task, aliases, statistics: { usage } }: ModelListing): MeasuredModel[] => {
  if (!served) return [];
  const { path } = (served.spec ? served.network.info : served.graph).kernel;
  return [{ model: served.name, version: served.version, task: task ?? 'tensors', path, aliases, usage }];
};

export interface StartOptions {
  /** Started before this module was imported. */
  readonly loaderThread?: LoaderThread | undefined;
  /** False for a server of this process alone. */
  readonly listen?: boolean | undefined;
}

/** Starts a server. @throws when it cannot listen */
export async function startServer(
  config: Config,
  log: Logger,
  { loaderThread, listen = true }: StartOptions = {},
): Promise<Server> {
  const keys = config.API_KEYS_FILE === '' ? null : createKeyRing(config.API_KEYS_FILE, log);
  const allowed = scopesWithoutKey({
    loopback: isLoopback(config.HOST),
    proxied: config.PUBLIC_URL !== '' || config.TRUST_PROXY !== '',
    open: config.OPEN,
  });
  if (!keys && !allowed.includes('admin'))
    log.warn(
      'this server can be reached from other machines and has no API keys: anybody can call its models; training and administration are off. UNROLL_API_KEYS_FILE sets keys, UNROLL_OPEN=true allows everything to everybody',
    );
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
      onSequenceEnd: () => void endedSequences++,
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
  const single = config.MODEL !== '';
  const root = single ? config.MODEL : config.MODELS;
  const scan = single ? () => scanSingleModel(root, config.MODEL_NAME) : () => scanModels(root);
  const repository = createRepository({
    root,
    scan,
    loader,
    engine,
    log,
    watch: config.WATCH,
    check: checkExample,
  });
  metrics.observe({
    engine: () => engine.stats(),
    rowBounds: rowBuckets,
    kernel: engine.kernel,
    models: () => repository.list().flatMap(toMeasured),
    memory: () => ({ used: kernel.memory.used }),
    modelsReady: () => repository.list().filter(({ ready }) => ready).length,
    modelsFailed: () => repository.list().filter(({ error, unloaded }) => error !== null && !unloaded).length,
  });

  // its code is imported before a model is compiled: V8 refuses cached code while the flags of a compilation are set
  const trainingOpened = openTraining(config.JOBS, {
    folder: config.DATA,
    modelsRoot: config.MODELS,
    repository,
    // its models could not be published where they are served
    maxRunning: single ? 0 : config.TRAINING_JOBS,
    maxUnfinished: config.TRAINING_QUEUE,
    threads: config.TRAINING_THREADS,
    memoryMegabytes: config.TRAINING_MEMORY_MB,
    maxDatasetBytes: config.MAX_DATASET_BYTES,
    maxTotalDatasetBytes: config.MAX_DATASETS_BYTES,
    maxTotalCheckpointBytes: config.MAX_CHECKPOINTS_BYTES,
    reserveBytes: config.DISK_RESERVE_BYTES,
    redisUrl: config.REDIS_URL,
    log,
  });
  // awaited below: meanwhile it may fail
  trainingOpened.catch(() => {});
  // in their own thread, while this one builds the app
  const modelsLoaded = repository.start();
  await repository.scanned;
  const training = await trainingOpened;
  metrics.observeTraining({ counts: () => training.jobs.counts(), steps: () => training.jobs.steps() });

  const tasks: TaskContext = {
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
    prefixes: config.PREFIX_MB > 0 ? createPrefixStates(config.PREFIX_MB * 1_048_576) : null,
  };
  if (tasks.prefixes) metrics.observePrefixes(() => tasks.prefixes!.counts);
  const sessions = await openSessions(tasks, {
    kind: config.SESSIONS,
    redisUrl: config.REDIS_URL,
    maxSessions: config.MAX_SESSIONS,
    maxBytes: config.SESSION_MB * 1_048_576,
    leaseMs: config.SESSION_LEASE_MS,
    maxWaitMs: config.TIMEOUT_MS,
    ttlSeconds: config.SESSION_TTL_S,
    writeMs: config.SESSION_WRITE_MS,
    folder: config.DATA,
    log,
  });
  metrics.observeSessions(sessions);

  let closing = false;
  let draining = false;
  const stopping = new AbortController();
  const app = await buildApp({
    tasks,
    sessions,
    stateTokens: createStateTokens(config.STATE_KEY, config.STATE_TTL_S),
    training,
    metrics,
    logger: log,
    closing: () => closing,
    draining: () => draining,
    connectionsFull: () => limit.full || descriptors.exhausted,
    stopping: stopping.signal,
    options: {
      maxBodyBytes: config.MAX_BODY_BYTES,
      receiveMs: config.RECEIVE_MS,
      rateLimit: config.RATE_LIMIT,
      corsOrigin: config.CORS_ORIGIN,
      authentication: keys ? { kind: 'keys', keys } : { kind: 'none', caller: withoutKey(allowed) },
      metricsAccess: config.METRICS_ACCESS,
      // a published port of a container is a loopback address too
      anyHost: !isLoopback(config.HOST) && !(!keys && config.OPEN && config.PUBLIC_URL !== ''),
      publicUrl: config.PUBLIC_URL,
      trustProxy: config.TRUST_PROXY,
      maxEventLoopDelayMs: config.MAX_EVENT_LOOP_DELAY_MS,
      pingMs: config.PING_MS,
      settings: describeConfig(),
    },
  });

  const connections = trackConnections(app.server);
  answerHalfClosed(app.server);
  const limit = limitConnections(app.server, { connections, log });
  const descriptors = probeDescriptors(log);
  const release = releaseMemoryWhenIdle(
    // sessions are written after the last call
    () => endedSequences + sessions.tally.snapshot.sum,
    () => engine.stats().running > 0,
  );
  metrics.observeConnections({
    open: () => connections.open,
    refused: () => limit.refused,
    exhausted: () => descriptors.exhausted,
  });

  const close = async (drainMs: number, delayMs = 0): Promise<void> => {
    closing = true;
    if (delayMs > 0) await delay(delayMs);
    draining = true;
    keys?.close();
    release.stop();
    descriptors.stop();
    const endStreams = (): void => stopping.abort();
    return shutDown({ app, connections, engine, repository, training, sessions, endStreams }, drainMs);
  };
  try {
    await modelsLoaded;
    // all descriptors that stay open are open now
    limit.update(readDescriptorUse());
    if (listen) await app.listen({ host: config.HOST, port: config.PORT });
    else await app.ready();
    // after listening: a server that cannot listen must not run jobs. It serves even if training is
    // unavailable
    training.start();
  } catch (error) {
    await close(0);
    throw error;
  }
  const url = formatUrl(app.server.address() as AddressInfo | null);
  return { url, inject: injectRequest(app), models: () => repository.list(), close };
}

const formatUrl = (bound: AddressInfo | null): string =>
  bound === null
    ? ''
    : `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
