import { createComparisons } from '../comparisons/comparisons.ts';
import { isFinished } from '../job.ts';
import type { JobFolders } from '../job-folders.ts';
import { createPublisher } from '../publisher.ts';
import type { JobStore } from '../store/store.ts';
import type { RedisCalls } from './calls.ts';
import { createRedisComparisonRecords } from './redis-comparison-records.ts';
import { createRedisPublisher } from './redis-publisher.ts';

export interface DecideOptions {
  readonly calls: RedisCalls;
  readonly store: JobStore;
  readonly modelsRoot: string;
  readonly folders: JobFolders;
  readonly log: { warn(fields: object, message: string): void };
}

const absent = (): never => {
  throw new Error('a training worker creates no comparisons');
};

/** Publishes the best trial of a comparison if all have finished. Asked again, or by several workers, it is done once. */
export async function decideComparison(id: string, options: DecideOptions): Promise<void> {
  const { calls, store, modelsRoot, folders, log } = options;
  const publisher = createPublisher(modelsRoot, { rescan: async () => {} }, folders, store);
  const comparisons = createComparisons({
    store,
    registry: {
      async unfinished(job) {
        const found = await store.withoutTimeout.job(job);
        return found && !isFinished(found.status) ? found : null;
      },
      onFinished() {},
    },
    records: createRedisComparisonRecords(calls, store),
    jobs: { create: absent, cancel: absent, checkSpec: absent, reservations: { reserve: absent } },
    publisher: createRedisPublisher(publisher, calls.repeat),
    closing: () => false,
    log,
  });
  await comparisons.decide(id);
}
