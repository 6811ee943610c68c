import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectRedis, type RedisOptions } from '../../redis/connect.ts';
import { createCheckpointQuota, measureCheckpoints } from '../../training/run/checkpoint-quota.ts';
import { checkModelsFolder } from '../check-publishing.ts';
import { createDiskSpace } from '../disk-space.ts';
import { isFinished, type Job } from '../job.ts';
import { createJobEvents } from '../job-events.ts';
import { createJobFolders } from '../job-folders.ts';
import { createJobRegistry } from '../job-registry.ts';
import { createVersionMeasurements } from '../measure-versions.ts';
import { createPublisher } from '../publisher.ts';
import { startRunThread } from '../run-handle.ts';
import { writeRecord } from '../store/record-files.ts';
import { listCheckpoints } from '../store/recover-records.ts';
import type { JobStore } from '../store/store.ts';
import { createTrainingJobs } from '../training-jobs.ts';
import type { TrainingJobsOptions } from '../training-jobs-options.ts';
import { createRedisCalls } from './calls.ts';
import { receiveChanges, toMessage } from './changes.ts';
import { decideComparison } from './decide-comparison.ts';
import { keys } from './keys.ts';
import { createLeaseFolders } from './lease-folders.ts';
import { createLeases, type Lease } from './leases.ts';
import { ask, processJob, type JobProcess } from './process-job.ts';
import { createRedisPublishing } from './redis-publishing.ts';
import { createJobQueue } from './redis-queue.ts';
import { createRedisStore, writeUnguarded } from './redis-store.ts';
import { createJobRows } from './rows.ts';
import { takeEntries } from './take-entries.ts';

// A process that trains: takes jobs from the queue in Redis and runs each in a thread.

export interface TrainWorkerOptions extends Pick<
  TrainingJobsOptions,
  'modelsRoot' | 'threads' | 'memoryMegabytes'
> {
  readonly redisUrl: string;
  /** UNROLL_DATA, which all servers and workers share. */
  readonly folder: string;
  /** Jobs that run at a time. */
  readonly maxRunning: number;
  /** Milliseconds after which another worker takes the job of one that does not renew its lease. */
  readonly leaseMs: number;
  readonly maxTotalCheckpointBytes: number;
  readonly reserveBytes: number;
  readonly log: RedisOptions['log'] & { warn(fields: object, message: string): void };
}

export interface TrainWorker {
  /** Gives running jobs back after a checkpoint, within `ms`, and takes no others. */
  close(ms: number): Promise<void>;
}

/** Milliseconds for giving jobs back, once their threads have stopped. */
const giveBackMs = 2000;

const absent = (): never => {
  throw new Error('a training worker creates no jobs');
};

/** @throws UnrollError training_unavailable if models cannot be published */
export async function startTrainWorker(options: TrainWorkerOptions): Promise<TrainWorker> {
  const { redisUrl: url, folder, modelsRoot, log } = options;
  await checkModelsFolder(modelsRoot);
  const connection = await connectRedis({ url, purpose: 'training', log });
  const subscriber = await connectRedis({ url, purpose: 'training-changes', log });
  const calls = createRedisCalls(connection);
  const rows = createJobRows(folder);
  const leaseFolders = createLeaseFolders(folder);
  const leases = createLeases(calls, rows, leaseFolders, ({ job }) => {
    log.warn({ job }, 'the lease of a job is lost: another worker goes on with it');
    jobs.abandon(job);
  });
  const plainStore = createRedisStore(calls, rows, writeUnguarded);
  const store = withSettling(createRedisStore(calls, rows, leases.write));
  const events = createJobEvents(store, () => true);
  const registry = createJobRegistry(store, events, log);
  const root = join(folder, 'jobs');
  const jobFolders = createJobFolders(root);
  const folders = { ...jobFolders, path: (job: string) => leases.get(job)?.folder ?? jobFolders.path(job) };
  const quota = createCheckpointQuota({
    maxBytes: options.maxTotalCheckpointBytes,
    reserveBytes: options.reserveBytes,
    root,
  });
  // servers look for new versions themselves
  const repository = { rescan: async () => {}, acquire: absent };
  const measurements = createVersionMeasurements();
  const publishing = { modelsRoot, measurements, memoryMegabytes: options.memoryMegabytes };
  const lock = createRedisPublishing(calls.repeat);
  const publisher = createPublisher({
    ...publishing,
    repository,
    folders,
    store,
    exclusively: (publication, work) =>
      lock(publication, async () => {
        const lease = leases.get(publication.job.id);
        if (!lease || !(await leases.check(lease)))
          throw new Error(`the lease of job ${publication.job.id} is lost`);
        return work();
      }),
  });
  const jobs = createTrainingJobs({
    ...options,
    store,
    registry,
    events: { ...events, progress: (job, progress) => void announce({ kind: 'progress', job, progress }) },
    folders,
    datasets: { file: absent },
    publisher,
    repository,
    quota,
    space: createDiskSpace(folder, options.reserveBytes),
    modelsSpace: createDiskSpace(modelsRoot, options.reserveBytes, 'UNROLL_MODELS'),
    startRun: startRunThread,
    // the queue gives out no more jobs than may run
    maxRunning: Infinity,
    maxUnfinished: Infinity,
  });
  const queue = createJobQueue(connection, calls);
  const parts: JobProcess = { jobs, registry, leases, log };

  const announce = (message: Parameters<typeof toMessage>[0]): Promise<unknown> =>
    calls.call((redis) => redis.publish(keys.changes, toMessage(message))).catch(() => {});

  /** Saves jobs so that their leases know what they have come to. */
  function withSettling(inner: JobStore): JobStore {
    const settling = (saveJob: JobStore['saveJob']): JobStore['saveJob'] => {
      return async (job) => {
        const lease = leases.get(job.id);
        await saveJob(job);
        if (!lease || lease.lost) return;
        // from which the quota of checkpoints knows what may be removed
        if (isFinished(job.status)) writeFinished(job.id, job);
        if (isFinished(job.status)) lease.settled.resolve('finished');
        else if (job.status === 'paused') lease.settled.resolve('paused');
      };
    };
    const { withoutTimeout } = inner;
    return {
      ...inner,
      saveJob: settling(inner.saveJob),
      withoutTimeout: {
        ...withoutTimeout,
        saveJob: settling(withoutTimeout.saveJob),
        // the quota removes checkpoints of finished jobs too, whose leases have ended
        removeCheckpoints: (job, steps) =>
          (leases.get(job) ? withoutTimeout : plainStore.withoutTimeout).removeCheckpoints(job, steps),
      },
    };
  }
  function writeFinished(id: string, record: object): void {
    try {
      writeRecord(folder, 'jobs', id, record);
    } catch (error) {
      log.warn({ job: id, err: error }, 'the record of a finished job cannot be written');
    }
  }

  /** Checkpoints that were written while Redis could not be told. */
  async function saveMissingCheckpoints(job: Job): Promise<void> {
    const known = new Set((await store.withoutTimeout.checkpoints(job.id)).map(({ step }) => step));
    for (const row of listCheckpoints(folder, job))
      if (!known.has(row.step)) await store.withoutTimeout.saveCheckpoint(row);
  }

  async function askOwner(lease: Lease): Promise<void> {
    const request = await calls.repeat((redis) => redis.hget(keys.job(lease.job), 'request'));
    if (request !== null && !lease.lost) ask(lease, request, parts);
  }
  const askAll = (): void => {
    for (const lease of leases.all()) askOwner(lease).catch(() => {});
  };
  receiveChanges(
    subscriber.client,
    (message) => {
      const lease = message.kind === 'request' ? leases.get(message.job) : undefined;
      if (lease) askOwner(lease).catch(() => {});
    },
    askAll,
  );

  const taken = await takeEntries({
    url,
    log,
    leaseMs: options.leaseMs,
    concurrency: options.maxRunning,
    async onJob({ job, entry, token, deaths }) {
      await measureCheckpoints(quota);
      const claimed = await leases.claim(job, entry, token);
      if (!claimed) return 'done';
      log.info({ job, status: claimed.job.status, deaths }, 'a training job is taken');
      await saveMissingCheckpoints(claimed.job);
      const settled = await processJob(claimed, deaths, parts);
      const { comparison } = claimed.job;
      if (settled === 'finished' && comparison !== null) await calls.repeat(() => queue.decide(comparison));
      return settled === 'closing' ? 'give back' : 'done';
    },
    onComparison: (id) =>
      decideComparison(id, { ...publishing, calls, store: plainStore, folders: jobFolders, log }),
    onLockLost: (entry) => void leases.renew(entry, options.leaseMs).catch(() => {}),
  });

  return {
    async close(ms) {
      const emptied = taken.close();
      const stopped = jobs.close(ms);
      measurements.close();
      await stopped;
      for (const lease of leases.all()) lease.settled.resolve('closing');
      // without Redis nothing can be given back: the leases expire
      await Promise.race([emptied, delay(giveBackMs, undefined, { ref: false })]);
      calls.stop();
      registry.close();
      await queue.close();
      await Promise.all([connection.close(), subscriber.close()]);
    },
  };
}
