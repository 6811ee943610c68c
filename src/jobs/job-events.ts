import type { FromRun } from '../training/run-messages.ts';
import { isOver, type JobEvent } from './job.ts';
import type { JobStore } from './store.ts';

export type Progress = Extract<FromRun, { kind: 'progress' }>;
export type FollowedEvent =
  | { readonly kind: 'event'; readonly event: JobEvent }
  | { readonly kind: 'progress'; readonly progress: Progress };

/** Events of jobs: kept in order, and told to whoever follows. */
export interface JobEvents {
  add(event: Omit<JobEvent, 'id' | 'createdAt'>): void;
  progress(job: string, progress: Progress): void;
  lastProgress(job: string): Progress | null;
  /** A job is over, or stands still: nobody waits for more. */
  ended(job: string): void;
  /** What was said after an event, then what is said, until the job is over or the caller leaves. */
  follow(job: string, after: number, signal: AbortSignal): AsyncGenerator<FollowedEvent>;
}

const pageSize = 200;

export function createJobEvents(store: JobStore): JobEvents {
  const followers = new Map<string, Set<() => void>>();
  const latest = new Map<string, { progress: Progress; number: number }>();
  let number = 0;
  const wake = (job: string): void => {
    for (const woken of followers.get(job) ?? []) woken();
  };

  return {
    add(event) {
      store.addEvent({ ...event, createdAt: Date.now() / 1000 });
      wake(event.job);
    },
    progress(job, progress) {
      latest.set(job, { progress, number: ++number });
      wake(job);
    },
    lastProgress: (job) => latest.get(job)?.progress ?? null,
    ended(job) {
      latest.delete(job);
      wake(job);
    },
    async *follow(job, after, signal) {
      let last = after;
      let seen = 0;
      let changed = Promise.withResolvers<void>();
      const woken = (): void => changed.resolve();
      const own = followers.get(job) ?? new Set();
      followers.set(job, own.add(woken));
      signal.addEventListener('abort', woken, { once: true });
      try {
        while (!signal.aborted) {
          changed = Promise.withResolvers();
          // asked before the events are read: what a job says last is said before it is over
          const status = store.job(job)?.status;
          const events = store.events(job, { limit: pageSize, after: last });
          for (const event of events) {
            last = event.id;
            yield { kind: 'event', event };
          }
          if (events.length === pageSize) continue;
          const progress = latest.get(job);
          if (progress && progress.number > seen) {
            seen = progress.number;
            yield { kind: 'progress', progress: progress.progress };
          }
          if (status === undefined || isOver(status)) return;
          await changed.promise;
        }
      } finally {
        own.delete(woken);
        if (own.size === 0) followers.delete(job);
        signal.removeEventListener('abort', woken);
      }
    },
  };
}
