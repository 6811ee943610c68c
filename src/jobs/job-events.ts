import type { RunMessage } from '../training/run/run-messages.ts';
import type { JobEvent } from './job.ts';
import type { JobStore } from './store/store.ts';

export type Progress = Extract<RunMessage, { kind: 'progress' }>;
export type FollowedEvent =
  | { readonly kind: 'event'; readonly event: JobEvent }
  | { readonly kind: 'progress'; readonly progress: Progress };

/** Events of jobs: stored in order, and sent to whoever follows a job. */
export interface JobEvents {
  /** @returns when the event is stored; those that were added before are then stored, too */
  add(event: Omit<JobEvent, 'id' | 'createdAt'>): Promise<void>;
  /** Progress is not stored. */
  progress(job: string, progress: Progress): void;
  lastProgress(job: string): Progress | null;
  list(job: string, page: { limit: number; after: number }): Promise<JobEvent[]>;
  /** A job is over or paused: nobody waits for more progress. */
  ended(job: string): void;
  /** The events after one that is known, then new ones, until the job is over or the caller leaves. */
  follow(job: string, after: number, signal: AbortSignal): AsyncGenerator<FollowedEvent>;
}

const pageSize = 200;

/** @param isUnfinished whether a job may still report something */
export function createJobEvents(store: JobStore, isUnfinished: (job: string) => boolean): JobEvents {
  const followers = new Map<string, Set<() => void>>();
  const latest = new Map<string, { progress: Progress; number: number }>();
  let number = 0;
  const wake = (job: string): void => {
    for (const woken of followers.get(job) ?? []) woken();
  };

  return {
    add(event) {
      const stored = store.withoutTimeout.addEvent({ ...event, createdAt: Date.now() / 1000 });
      // a follower's question comes after the event in the database's queue
      wake(event.job);
      return stored;
    },
    progress(job, progress) {
      latest.set(job, { progress, number: ++number });
      wake(job);
    },
    lastProgress: (job) => latest.get(job)?.progress ?? null,
    list: (job, page) => store.events(job, page),
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
          // asked before the events are read: the last event of a job is added before it is over
          const unfinished = isUnfinished(job);
          const events = await store.withoutTimeout.events(job, { limit: pageSize, after: last });
          for (const event of events) {
            last = event.id;
            yield { kind: 'event', event };
          }
          if (events.length > 0) continue;
          const progress = latest.get(job);
          if (progress && progress.number > seen) {
            seen = progress.number;
            yield { kind: 'progress', progress: progress.progress };
          }
          if (!unfinished) return;
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
