import type { Job } from '../job.ts';
import type { RedisCalls } from './calls.ts';
import { keys, lockKey } from './keys.ts';
import type { LeaseFolders } from './lease-folders.ts';
import type { WriteJob } from './redis-store.ts';
import type { JobRows } from './rows.ts';
import { claimScript, guardedScript, releaseScript, renewScript } from './scripts.ts';

/** How a lease ends, or what its job has come to meanwhile. */
export type Settled = 'finished' | 'paused' | 'lost' | 'closing';

/** The right of this worker to change a job. */
export interface Lease {
  readonly job: string;
  readonly entry: string;
  readonly token: string;
  readonly fence: number;
  /** The job's folder, as long as the lease lasts. */
  readonly folder: string;
  /** Number of the last write. */
  writes: number;
  /** Fulfilled after the last write. */
  written: Promise<void>;
  lost: boolean;
  settled: PromiseWithResolvers<Settled>;
}

export interface Claimed {
  readonly lease: Lease;
  readonly job: Job;
  /** What the last owner was asked and did not do. */
  readonly request: string;
}

export interface Leases {
  get(job: string): Lease | undefined;
  all(): Iterable<Lease>;
  /** Takes the lease of a job for the worker that has its entry. @returns null if there is nothing to do for it */
  claim(job: string, entry: string, token: string): Promise<Claimed | null>;
  /** Writes that are made only while this worker has the lease of the job, in order. Without it they are dropped. */
  readonly write: WriteJob;
  /** Whether the lease is still this worker's. */
  check(lease: Lease): Promise<boolean>;
  /** Renews the lease of an entry whose lock has expired, or loses it. */
  renew(entry: string, leaseMs: number): Promise<void>;
  /** Marks a lease as another's, or nobody's: nothing is written any more. */
  lose(lease: Lease): void;
  /** Ends a lease once all is written. @returns what is still asked of the owner: the lease goes on then */
  release(lease: Lease, when: 'now' | 'unless asked'): Promise<string>;
}

/** @param onLost called once for a lease that is lost */
export function createLeases(
  calls: RedisCalls,
  rows: JobRows,
  folders: LeaseFolders,
  onLost: (lease: Lease) => void,
): Leases {
  const leases = new Map<string, Lease>();

  function lose(lease: Lease): void {
    if (lease.lost) return;
    lease.lost = true;
    // not where the lease has ended already, and the job may be this worker's again
    if (leases.get(lease.job) === lease) {
      leases.delete(lease.job);
      onLost(lease);
    }
    lease.settled.resolve('lost');
  }

  async function guard(lease: Lease, number: number, writes: string): Promise<void> {
    if (lease.lost) return;
    const result = await calls.repeat((redis) =>
      redis.eval(guardedScript, 1, keys.job(lease.job), lease.token, String(number), writes),
    );
    if (result !== 'done') lose(lease);
  }

  /** Serialises at once, since what is written is as it was when this was called. */
  function append(lease: Lease, writes: Parameters<WriteJob>[1]): Promise<void> {
    const number = ++lease.writes;
    const text = JSON.stringify(writes);
    const done = lease.written.then(() => guard(lease, number, text));
    lease.written = done.catch(() => {});
    return done;
  }

  const end = async (lease: Lease): Promise<void> => {
    if (leases.get(lease.job) === lease) leases.delete(lease.job);
    await folders.close(lease.job, lease.fence).catch(() => {});
  };

  return {
    get: (job) => leases.get(job),
    all: () => leases.values(),
    lose,
    async claim(job, entry, token) {
      const least = String(await folders.lastFence(job));
      const [result, fence, body, request = ''] = await calls.repeat(
        (redis) =>
          redis.eval(claimScript, 1, keys.job(job), token, lockKey(entry), entry, least) as Promise<string[]>,
      );
      const claimed = rows.decode(body);
      if (result !== 'claimed' || !claimed) return null;
      // this worker's own, whose lock has expired: the entry was given to it again
      const earlier = leases.get(job);
      if (earlier) lose(earlier);
      const lease: Lease = {
        job,
        entry,
        token,
        fence: Number(fence),
        folder: await folders.open(job, Number(fence)),
        writes: 0,
        written: Promise.resolve(),
        lost: false,
        settled: Promise.withResolvers(),
      };
      leases.set(job, lease);
      // a worker that was stopped since it claimed the job has made its link too late
      await append(lease, []);
      if (!lease.lost) return { lease, job: claimed, request };
      await end(lease);
      return null;
    },
    async write(job, writes) {
      const lease = leases.get(job);
      if (lease) await append(lease, writes);
    },
    async check(lease) {
      await append(lease, []);
      return !lease.lost;
    },
    async renew(entry, leaseMs) {
      for (const lease of leases.values())
        if (lease.entry === entry) {
          const parameters = [lease.token, lockKey(entry), String(leaseMs)] as const;
          const renewed = await calls.repeat((redis) =>
            redis.eval(renewScript, 1, keys.job(lease.job), ...parameters),
          );
          if (renewed !== 1) lose(lease);
        }
    },
    async release(lease, when) {
      await lease.written;
      const asked = lease.lost
        ? ''
        : String(
            await calls.repeat((redis) =>
              redis.eval(releaseScript, 1, keys.job(lease.job), lease.token, when === 'now' ? 'now' : ''),
            ),
          );
      if (asked === '') await end(lease);
      return asked;
    },
  };
}
