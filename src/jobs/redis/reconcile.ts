import type { Comparison, Job, JobStatus } from '../job.ts';
import type { JobStore } from '../store/store.ts';
import type { RedisCalls } from './calls.ts';
import type { JobChanges } from './job-changes.ts';
import { entryKey, keys } from './keys.ts';
import { enqueueJob } from './redis-jobs.ts';
import type { JobQueue } from './redis-queue.ts';

// Makes up for what a process that ended between two writes has left undone, and counts. Every server does it now and
// then; done twice, it is done once.

export interface ReconcileOptions {
  readonly calls: RedisCalls;
  readonly store: JobStore;
  readonly changes: JobChanges;
  readonly queue: JobQueue;
}

/** Creating a comparison takes less: older trials without one are left by a server that was killed. */
const maxCreationSeconds = 600;
/** A job without an entry that is younger is about to get one. */
const minAgeSeconds = 5;

/** @returns unfinished jobs by status */
export async function reconcile(options: ReconcileOptions): Promise<Partial<Record<JobStatus, number>>> {
  const { store } = options;
  const [jobs, comparisons] = [await store.unfinishedJobs(), await store.comparisons()];
  const ids = new Set(comparisons.map(({ id }) => id));
  for (const job of jobs) {
    const age = Date.now() / 1000 - job.createdAt;
    if (job.comparison !== null && !ids.has(job.comparison) && age > maxCreationSeconds)
      await cancelOrphan(job, options);
    else if (job.status !== 'paused' && age > minAgeSeconds) await restoreEntry(job, options);
  }
  await decideFinished(comparisons, jobs, options);
  const counts: Partial<Record<JobStatus, number>> = {};
  for (const { status } of jobs) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

async function cancelOrphan({ id }: Job, { changes }: ReconcileOptions): Promise<void> {
  // one that has finished meanwhile needs no cancelling
  await changes.request(id, { name: null, all: true }, 'request_cancel', 'cancelled').catch(() => {});
}

/** Puts a job into the queue whose entry was never added, or was lost with the last second of a Redis that crashed. */
async function restoreEntry({ id }: Job, options: ReconcileOptions): Promise<void> {
  const { calls, queue } = options;
  const entry = await calls.call((redis) => redis.hget(keys.job(id), 'entry'));
  if (entry === null) return enqueueJob(id, options);
  const exists = await calls.call((redis) => redis.exists(entryKey(entry)));
  if (exists === 0) await queue.add(id, entry);
}

async function decideFinished(
  comparisons: readonly Comparison[],
  unfinished: readonly Job[],
  { queue }: ReconcileOptions,
): Promise<void> {
  const running = new Set(unfinished.map(({ comparison }) => comparison));
  for (const { id, status } of comparisons)
    if ((status === 'running' || status === 'publishing') && !running.has(id)) await queue.decide(id);
}
