import type { Queue } from 'bullmq';
import type { RedisConnection } from '../../redis/connect.ts';
import { isFinished, type Job } from '../job.ts';
import type { RedisCalls } from './calls.ts';
import { importBullmq } from './import-bullmq.ts';
import { comparisonQueue, jobQueue, keys, queuePrefix } from './keys.ts';

// The queues that train workers take from. An entry only names what is to be done: what it is about is in the job's record.

export interface JobQueue {
  /** Adds an entry, unless it is there already. Workers take entries in the order they were added. */
  add(job: string, entry: string): Promise<void>;
  /** Removes an entry that no worker has taken. One that is left behind is ignored by the worker that takes it. */
  remove(entry: string): Promise<void>;
  /** Has a worker decide a comparison if its trials have finished. */
  decide(comparison: string): Promise<void>;
  /** The same for a trial that may have finished; nothing for other jobs. Failures are made up for by `reconcile`. */
  decideTrial(job: Job): Promise<void>;
  close(): Promise<void>;
}

/** @returns a name for the next entry of a job, which makes its earlier ones obsolete once the job names it */
export const nextEntry = (calls: RedisCalls, job: string): Promise<string> =>
  calls.call(async (redis) => `${job}.${await redis.hincrby(keys.job(job), 'entries', 1)}`);

export function createJobQueue({ client }: RedisConnection, calls: RedisCalls): JobQueue {
  const queues = new Map<string, Promise<Queue>>();

  /** A queue that cannot be opened, because Redis cannot be reached, stays unusable: it is opened again by the next call. */
  function open(name: string): Promise<Queue> {
    const known = queues.get(name);
    if (known) return known;
    const opening = openQueue(name);
    queues.set(name, opening);
    opening.catch(() => queues.delete(name));
    return opening;
  }
  async function openQueue(name: string): Promise<Queue> {
    const { Queue } = await importBullmq();
    // fails at once where a queue would wait for the connection
    await client.ping();
    const queue = new Queue(name, {
      connection: client,
      prefix: queuePrefix,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    });
    // of the connection, which logs them
    queue.on('error', () => {});
    await queue.waitUntilReady();
    return queue;
  }

  async function decide(comparison: string): Promise<void> {
    await calls.call(async () => (await open(comparisonQueue)).add('comparison', { comparison }));
  }

  return {
    async add(job, entry) {
      await calls.call(async () => (await open(jobQueue)).add('job', { job }, { jobId: entry }));
    },
    async remove(entry) {
      await calls.call(async () => (await open(jobQueue)).remove(entry));
    },
    decide,
    async decideTrial({ comparison, status }) {
      if (comparison !== null && isFinished(status)) await decide(comparison).catch(() => {});
    },
    async close() {
      const opened = await Promise.allSettled(queues.values());
      const closed = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value.close()] : []));
      await Promise.allSettled(closed);
    },
  };
}
