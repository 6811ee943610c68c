import { createComparisons } from '../comparisons/comparisons.ts';
import { isFinished } from '../job.ts';
import { createPublisher, type PublisherOptions } from '../publisher.ts';
import type { RedisCalls } from './calls.ts';
import { createRedisComparisonRecords } from './redis-comparison-records.ts';
import { createRedisPublishing } from './redis-publishing.ts';

export interface DecideOptions extends Omit<PublisherOptions, 'repository' | 'exclusively'> {
  readonly calls: RedisCalls;
  readonly log: { warn(fields: object, message: string): void };
}

const absent = (): never => {
  throw new Error('a training worker creates no comparisons');
};

/** Publishes the best trial of a comparison if all have finished. Asked again, or by several workers, it is done once. */
export async function decideComparison(id: string, options: DecideOptions): Promise<void> {
  const { calls, store, log } = options;
  const publisher = createPublisher({
    ...options,
    repository: { rescan: async () => {} },
    exclusively: createRedisPublishing(calls.repeat),
  });
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
    jobs: {
      create: absent,
      cancel: absent,
      checkSpec: absent,
      checkPublishing: absent,
      reservations: { reserve: absent },
    },
    publisher,
    closing: () => false,
    log,
  });
  await comparisons.decide(id);
}
