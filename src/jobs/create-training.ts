import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError } from '../errors.ts';
import type { Repository } from '../repository/repository-interface.ts';
import { createCheckpointQuota, measureCheckpoints } from '../training/run/checkpoint-quota.ts';
import { createComparisons, type Comparisons } from './comparisons/comparisons.ts';
import { createDatasets, type Datasets } from './datasets.ts';
import { createDiskSpace } from './disk-space.ts';
import { createJobEvents, type JobEvents } from './job-events.ts';
import { createJobFolders } from './job-folders.ts';
import { createJobRegistry } from './job-registry.ts';
import { createVersionMeasurements } from './measure-versions.ts';
import { createPublisher } from './publisher.ts';
import { startRunThread } from './run-handle.ts';
import { errorMessage } from '../database/database-errors.ts';
import { createStoreClient, defaultStoreTimeoutMs, type StoreClientOptions } from './store/store-client.ts';
import { createTrainingJobs, type TrainingJobs } from './training-jobs.ts';
import type { TrainingJobsOptions } from './training-jobs-options.ts';

/** The training service as the HTTP routes use it. */
export interface Training {
  readonly jobs: TrainingJobs;
  readonly datasets: Datasets;
  readonly comparisons: Comparisons;
  readonly events: JobEvents;
  readonly maxDatasetBytes: number;
  /** Why training is unavailable; null if it is available, or while the database is being opened. */
  unavailable(): string | null;
  /**
   * Waits, for a limited time, until unfinished jobs are restored. To be called before any change.
   * @throws UnrollError training_disabled, training_unavailable
   */
  readonly requireAvailable: () => Promise<void>;
  /**
   * Opens the database and restores unfinished jobs, in the background; repeats until the database can be
   * opened.
   */
  start(): void;
  close(ms: number): Promise<void>;
}

export interface TrainingOptions
  extends
    Pick<TrainingJobsOptions, 'modelsRoot' | 'maxRunning' | 'maxUnfinished' | 'threads' | 'memoryMegabytes'>,
    Pick<StoreClientOptions, 'log' | 'timeoutMs'> {
  /** UNROLL_DATA */
  readonly folder: string;
  readonly repository: Pick<Repository, 'acquire' | 'rescan'>;
  readonly maxDatasetBytes: number;
  /** Limits of all datasets together, and of all checkpoints together. */
  readonly maxTotalDatasetBytes: number;
  readonly maxTotalCheckpointBytes: number;
  /** Free disk space that uploads and checkpoints must leave. */
  readonly reserveBytes: number;
  /** UNROLL_REDIS_URL; of no use to the embedded database. */
  readonly redisUrl: string;
  /** Replaces the training thread in tests. */
  readonly startRun?: TrainingJobsOptions['startRun'];
}

export const trainingDisabled = 'training is turned off (UNROLL_TRAINING_JOBS is 0, or UNROLL_MODEL is set)';

/** Training of a server that runs its jobs itself, with an embedded database. */
export function createTraining(options: TrainingOptions): Training {
  const { folder, modelsRoot, repository, maxDatasetBytes, reserveBytes, log } = options;
  const { timeoutMs = defaultStoreTimeoutMs } = options;
  const disabled = options.maxRunning === 0;
  const client = createStoreClient({ folder, readOnly: disabled, log, timeoutMs });
  const { store } = client;
  const events = createJobEvents(store, (job) => registry.unfinished(job) !== null);
  const registry = createJobRegistry(store, events, log);
  const space = createDiskSpace(folder, reserveBytes);
  const limits = { maxBytes: maxDatasetBytes, maxTotalBytes: options.maxTotalDatasetBytes };
  const datasets = createDatasets(store, join(folder, 'datasets'), limits, space, registry.allUnfinished);
  const root = join(folder, 'jobs');
  const folders = createJobFolders(root);
  const measurements = createVersionMeasurements();
  const { memoryMegabytes } = options;
  const publisher = createPublisher({
    modelsRoot,
    repository,
    folders,
    store,
    measurements,
    memoryMegabytes,
  });
  const quota = createCheckpointQuota({ maxBytes: options.maxTotalCheckpointBytes, reserveBytes, root });
  const jobs = createTrainingJobs({
    ...options,
    store,
    registry,
    events,
    folders,
    datasets,
    publisher,
    quota,
    space,
    modelsSpace: createDiskSpace(modelsRoot, reserveBytes, 'UNROLL_MODELS'),
    startRun: options.startRun ?? startRunThread,
  });
  let closing = false;
  const comparisons = createComparisons({
    store,
    registry,
    jobs,
    publisher,
    closing: () => closing,
    log,
  });
  const restored = Promise.withResolvers<void>();

  /** Restores jobs and comparisons that an earlier server process left unfinished. */
  async function restoreUnfinished(): Promise<void> {
    await measureCheckpoints(quota);
    const known = await store.withoutTimeout.comparisons();
    const unfinished = await store.withoutTimeout.unfinishedJobs();
    if (closing) return;
    comparisons.restore(known);
    // a server that was killed while it created a comparison leaves jobs whose comparison was never saved
    const ids = new Set(known.map(({ id }) => id));
    const orphans = unfinished.filter(({ comparison }) => comparison !== null && !ids.has(comparison));
    jobs.restore(unfinished.filter((job) => !orphans.includes(job)));
    jobs.cancelOrphans(orphans);
    comparisons.decideAll();
    restored.resolve();
  }
  client.onReady(() => {
    if (disabled) return;
    restoreUnfinished().catch((error: unknown) => {
      if (!closing) log.error({ err: error }, `training jobs cannot be restored: ${errorMessage(error)}`);
    });
  });

  const unavailable = (): string | null => {
    if (disabled) return trainingDisabled;
    const state = client.state();
    return state.kind === 'unavailable' ? state.reason : null;
  };
  return {
    jobs,
    datasets,
    comparisons,
    events,
    maxDatasetBytes,
    unavailable,
    async requireAvailable() {
      const reason = unavailable();
      if (reason !== null)
        throw new UnrollError(disabled ? 'training_disabled' : 'training_unavailable', reason);
      const limit = delay(timeoutMs, 'late' as const, { ref: false });
      if ((await Promise.race([restored.promise, limit])) === 'late')
        throw new UnrollError('training_unavailable', 'the training database is still being opened');
    },
    start: () => client.start(),
    async close(ms) {
      closing = true;
      const deadline = performance.now() + ms;
      const stopped = jobs.close(ms);
      measurements.close();
      await stopped;
      registry.close();
      await client.close(Math.max(minStoreCloseMs, deadline - performance.now()));
    },
  };
}

/** Leaves time to save the state of jobs that have just stopped. */
const minStoreCloseMs = 1000;
