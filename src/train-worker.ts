import { ConfigError, type Config } from './config.ts';
import { installExitHandlers } from './end-process.ts';
import { startTrainWorker, type TrainWorker } from './jobs/redis/train-worker.ts';
import { createLogger } from './telemetry/logger.ts';

/** Milliseconds after an uncaught error for running jobs to stop after a checkpoint. */
const errorDrainMs = 1000;
/** Milliseconds beyond that for giving the jobs back. */
const graceMs = 5000;

/**
 * `unroll train-worker`: runs the training jobs of servers with UNROLL_JOBS=bullmq until a signal. Exits the process.
 * @throws ConfigError
 */
export async function serveTraining(config: Config): Promise<void> {
  if (config.JOBS !== 'bullmq')
    throw new ConfigError(
      'UNROLL_JOBS: must be bullmq for a train-worker: a server with embedded jobs runs them itself',
    );
  if (config.TRAINING_JOBS === 0)
    throw new ConfigError('UNROLL_TRAINING_JOBS: must be at least 1 for a train-worker, was "0"');
  const log = createLogger(config.LOG_LEVEL, process.stdout.isTTY);
  let worker: TrainWorker | null = null;
  installExitHandlers({
    log,
    delayMs: 0,
    drainMs: config.DRAIN_MS,
    errorDrainMs: Math.min(errorDrainMs, config.DRAIN_MS),
    graceMs,
    close: async (drainMs) => worker?.close(drainMs),
  });
  worker = await startTrainWorker({
    redisUrl: config.REDIS_URL,
    folder: config.DATA,
    modelsRoot: config.MODELS,
    maxRunning: config.TRAINING_JOBS,
    leaseMs: config.TRAINING_LEASE_MS,
    threads: config.TRAINING_THREADS,
    memoryMegabytes: config.TRAINING_MEMORY_MB,
    maxTotalCheckpointBytes: config.MAX_CHECKPOINTS_BYTES,
    reserveBytes: config.DISK_RESERVE_BYTES,
    log,
  });
  // whatever the level: other programs wait for this line
  log.child({}, { level: 'info' }).info({ jobs: config.TRAINING_JOBS }, 'taking training jobs');
}
