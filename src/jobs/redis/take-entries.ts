import type { Job as Entry, Worker } from 'bullmq';
import { once } from 'node:events';
import { connectRedis, type RedisOptions } from '../../redis/connect.ts';
import { errorMessage } from '../../database/database-errors.ts';
import { importBullmq } from './import-bullmq.ts';
import { comparisonQueue, jobQueue, queuePrefix } from './keys.ts';

// The worker's side of the queues. BullMQ gives each entry to one worker, which renews its lock; an entry whose lock has
// expired is given to another.

export interface TakenJob {
  readonly job: string;
  readonly entry: string;
  /** The value of the entry's lock, different each time the entry is taken. */
  readonly token: string;
  /** How often the lock has expired. */
  readonly deaths: number;
}

export interface TakeEntriesOptions {
  readonly url: string;
  readonly leaseMs: number;
  /** Jobs at a time. */
  readonly concurrency: number;
  readonly onJob: (taken: TakenJob) => Promise<'done' | 'give back'>;
  readonly onComparison: (id: string) => Promise<void>;
  /** Called with an entry whose lock has expired or is another's. */
  readonly onLockLost: (entry: string) => void;
  readonly log: RedisOptions['log'] & { warn(fields: object, message: string): void };
}

/** Starts to take entries as soon as Redis can be reached. @returns stops taking and waits for those that were taken */
export async function takeEntries(options: TakeEntriesOptions): Promise<{ close(): Promise<void> }> {
  const { url, leaseMs, log } = options;
  const { Worker, WaitingError } = await importBullmq();
  const connection = await connectRedis({ url, purpose: 'training-queue', blocking: true, log });
  let closing = false;
  const workers: Worker[] = [];

  function start(name: string, concurrency: number, process: (entry: Entry, token: string) => Promise<void>) {
    const worker = new Worker(name, (entry, token) => process(entry, token!), {
      connection: connection.client,
      prefix: queuePrefix,
      concurrency,
      lockDuration: leaseMs,
      stalledInterval: Math.max(minStalledMs, leaseMs / 2),
      // how often is too often is decided with the job's record at hand
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    worker.on('error', (error) => {
      // errors of the connection are logged by it; a lost lock is reported below
      if (connection.outage() === null) log.info({ reason: errorMessage(error) }, 'a queue reports an error');
    });
    worker.on('lockRenewalFailed', (entries: string[]) => entries.forEach(options.onLockLost));
    workers.push(worker);
  }

  /** A worker that is created while Redis cannot be reached would never start. */
  async function startAll(): Promise<void> {
    while (connection.client.status !== 'ready')
      // an error is an attempt that failed: the next one follows
      await once(connection.client, 'ready').catch(() => {});
    if (closing) return;
    start(jobQueue, options.concurrency, async (entry, token) => {
      const { job } = entry.data as { job: string };
      const taken = { job, entry: entry.id!, token, deaths: entry.stalledCounter };
      try {
        if ((await options.onJob(taken)) === 'done') return;
      } catch (error) {
        log.warn({ job, err: error }, 'a job cannot be run here');
        throw error;
      }
      await entry.moveToWait(token);
      throw new WaitingError();
    });
    start(comparisonQueue, 1, (entry) =>
      options.onComparison((entry.data as { comparison: string }).comparison),
    );
  }
  startAll().catch((error: unknown) => {
    if (!closing) log.error({ err: error }, 'no training jobs can be taken');
  });

  return {
    async close() {
      closing = true;
      await Promise.all(workers.map((worker) => worker.close()));
      await connection.close();
    },
  };
}

/** Milliseconds between two looks for entries whose lock has expired, at least. */
const minStalledMs = 200;
