import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError } from '../../errors.ts';
import { connectRedis } from '../../redis/connect.ts';
import { createComparisons } from '../comparisons/comparisons.ts';
import { trainingDisabled, type Training, type TrainingOptions } from '../create-training.ts';
import { createDatasets } from '../datasets.ts';
import { createDiskSpace } from '../disk-space.ts';
import { isFinished, type JobStatus } from '../job.ts';
import { createJobEvents } from '../job-events.ts';
import { createJobFolders } from '../job-folders.ts';
import { createVersionMeasurements } from '../measure-versions.ts';
import { createPublisher } from '../publisher.ts';
import { createRedisCalls } from './calls.ts';
import { receiveChanges, type ChangeMessage } from './changes.ts';
import { createJobChanges } from './job-changes.ts';
import { reconcile } from './reconcile.ts';
import { createRedisComparisonRecords } from './redis-comparison-records.ts';
import { createRedisJobs } from './redis-jobs.ts';
import { createRedisPublishing } from './redis-publishing.ts';
import { createJobQueue } from './redis-queue.ts';
import { createRedisReservations } from './redis-reservations.ts';
import { createRedisStore, writeUnguarded } from './redis-store.ts';
import { createJobRows } from './rows.ts';

const reconcileMs = 15_000;
/** How long a request waits for the first connection of a server that has just started. */
const firstConnectionMs = 2000;

/** Training of a server whose jobs are in Redis, where other servers see them and workers take them. */
export async function createRedisTraining(options: TrainingOptions): Promise<Training> {
  const { folder, modelsRoot, repository, maxDatasetBytes, redisUrl: url, log } = options;
  const disabled = options.maxRunning === 0;
  const connection = await connectRedis({ url, purpose: 'training', log });
  const subscriber = await connectRedis({ url, purpose: 'training-changes', log });
  const calls = createRedisCalls(connection);
  const rows = createJobRows(folder);
  const store = createRedisStore(calls, rows, writeUnguarded);
  const queue = createJobQueue(connection, calls);
  const changes = createJobChanges(calls, rows);
  const findUnfinished = async (id: string) => {
    const job = await store.withoutTimeout.job(id);
    return job && !isFinished(job.status) ? job : null;
  };
  const events = createJobEvents(store, async (id) => (await findUnfinished(id)) !== null);
  const space = createDiskSpace(folder, options.reserveBytes);
  const limits = { maxBytes: maxDatasetBytes, maxTotalBytes: options.maxTotalDatasetBytes };
  const datasets = createDatasets(store, join(folder, 'datasets'), limits, space, store.unfinishedJobs);
  const folders = createJobFolders(join(folder, 'jobs'));
  const measurements = createVersionMeasurements();
  const publisher = createPublisher({
    modelsRoot,
    repository,
    folders,
    store,
    measurements,
    memoryMegabytes: options.memoryMegabytes,
    exclusively: createRedisPublishing(calls.call),
  });
  let counts: Partial<Record<JobStatus, number>> = {};
  const jobs = createRedisJobs({
    ...options,
    calls,
    store,
    changes,
    queue,
    events,
    folders,
    datasets,
    publisher,
    space,
    reservations: createRedisReservations(calls, store, options.maxUnfinished),
    counts: () => counts,
  });
  let closing = false;
  const comparisons = createComparisons({
    store,
    registry: { unfinished: findUnfinished, onFinished() {} },
    records: createRedisComparisonRecords(calls, store),
    jobs,
    publisher,
    closing: () => closing,
    log,
  });

  function receive(message: ChangeMessage): void {
    switch (message.kind) {
      case 'event':
        return events.stored(message.job);
      case 'status': {
        const { job, status } = message;
        return isFinished(status) || status === 'paused' ? events.ended(job) : events.stored(job);
      }
      case 'progress':
        return events.progress(message.job, message.progress);
      case 'published':
        return rescan();
      case 'request':
    }
  }
  function rescan(): void {
    repository.rescan().catch((error: unknown) => log.warn({ err: error }, 'models cannot be looked for'));
  }
  /** What was missed while Redis could not be reached. */
  function catchUp(): void {
    events.stored();
    rescan();
    void reconcileNow();
  }
  async function reconcileNow(): Promise<void> {
    if (disabled || connection.outage() !== null) return;
    try {
      counts = await reconcile({ calls, store, changes, queue });
    } catch (error) {
      if (!closing && connection.outage() === null)
        log.warn({ err: error }, 'the queue of training jobs cannot be compared with its jobs');
    }
  }
  let timer: NodeJS.Timeout | null = null;
  const { promise: attempted, resolve } = Promise.withResolvers<void>();
  if (connection.client.status === 'ready') resolve();
  else connection.client.once('ready', resolve).once('close', resolve);

  const unavailable = (): string | null => (disabled ? trainingDisabled : connection.outage());
  return {
    jobs,
    datasets,
    comparisons,
    events,
    maxDatasetBytes,
    unavailable,
    async requireAvailable() {
      if (disabled) throw new UnrollError('training_disabled', trainingDisabled);
      await Promise.race([attempted, delay(firstConnectionMs, undefined, { ref: false })]);
      const reason = connection.outage();
      if (reason !== null) throw new UnrollError('training_unavailable', reason);
    },
    start() {
      receiveChanges(subscriber.client, receive, catchUp);
      timer = setInterval(() => void reconcileNow(), reconcileMs).unref();
    },
    async close() {
      closing = true;
      if (timer) clearInterval(timer);
      measurements.close();
      calls.stop();
      await queue.close();
      await Promise.all([connection.close(), subscriber.close()]);
    },
  };
}
