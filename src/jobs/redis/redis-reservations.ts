import type { Viewer } from '../job.ts';
import { nameReserved, nameTaken, tooManyJobs, type JobReservations } from '../job-reservations.ts';
import type { JobStore } from '../store/store.ts';
import type { RedisCalls } from './calls.ts';
import { keys } from './keys.ts';
import { reserveScript } from './scripts.ts';

/** A reservation of a server that was killed expires: creating a job takes less. */
const reservationMs = 600_000;

/** The limit of unfinished jobs, and one unfinished job per model name, over all servers. */
export function createRedisReservations(
  calls: RedisCalls,
  store: Pick<JobStore, 'job'>,
  maxUnfinished: number,
): JobReservations {
  return {
    async reserve(models: readonly string[], viewer: Viewer) {
      const [reason, given, job] = await calls.call(
        (redis) =>
          redis.eval(
            reserveScript,
            3,
            keys.unfinished,
            keys.names,
            keys.reserved,
            String(maxUnfinished),
            String(reservationMs),
            JSON.stringify(models),
          ) as Promise<string[]>,
      );
      if (reason === 'taken') throw nameTaken(given!, await store.job(job!), viewer);
      if (reason === 'reserved') throw nameReserved(given!);
      if (reason === 'full') throw tooManyJobs(maxUnfinished, Number(given), models.length);
      return () => {
        // one that cannot be released expires
        if (models.length > 0) calls.call((redis) => redis.zrem(keys.reserved, ...models)).catch(() => {});
      };
    },
  };
}
