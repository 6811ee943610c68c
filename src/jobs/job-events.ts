import { onAbort } from '../on-abort.ts';
import type { RunMessage } from '../training/run/run-messages.ts';
import type { JobEvent } from './job.ts';
import type { JobStore } from './store/store.ts';

export type Progress = Extract<RunMessage, { kind: 'progress' }>;
export type FollowedEvent =
  | { readonly kind: 'event'; readonly event: JobEvent }
  | { readonly kind: 'progress'; readonly progress: Progress };

/** Stores the events of jobs in order and streams them to followers. */
export interface JobEvents {
  /** @returns a promise fulfilled once this event and all added before it are stored */
  add(event: Omit<JobEvent, 'id' | 'createdAt'>): Promise<void>;
  /** Sets the latest progress of a job, which is not stored. */
  progress(job: string, progress: Progress): void;
  lastProgress(job: string): Progress | null;
  list(job: string, page: { limit: number; after: number }): Promise<JobEvent[]>;
  /** Wakes the followers of a job whose events another process has stored; of all jobs without one. */
  stored(job?: string): void;
  /** Removes a job's progress and wakes its followers: the job has finished or is paused. */
  ended(job: string): void;
  /** Whether a job has finished and has no event after the id `after`. */
  isOver(job: string, after: number): Promise<boolean>;
  /**
   * Yields the events after the id `after`, then new events, until the job has finished or `signal` aborts.
   */
  follow(job: string, after: number, signal: AbortSignal): AsyncGenerator<FollowedEvent>;
}

const pageSize = 200;

/** @param isUnfinished whether a job may still report events */
export function createJobEvents(
  store: JobStore,
  isUnfinished: (job: string) => boolean | Promise<boolean>,
): JobEvents {
  const followers = new Map<string, Set<() => void>>();
  const latest = new Map<string, { progress: Progress; sequence: number }>();
  let sequence = 0;
  const wake = (job: string): void => {
    for (const listener of followers.get(job) ?? []) listener();
  };

  return {
    add(event) {
      const stored = store.withoutTimeout.addEvent({ ...event, createdAt: Date.now() / 1000 });
      // the follower's read is queued behind this write
      wake(event.job);
      return stored;
    },
    progress(job, progress) {
      latest.set(job, { progress, sequence: ++sequence });
      wake(job);
    },
    lastProgress: (job) => latest.get(job)?.progress ?? null,
    list: (job, page) => store.events(job, page),
    stored(job) {
      for (const one of job === undefined ? followers.keys() : [job]) wake(one);
    },
    ended(job) {
      latest.delete(job);
      wake(job);
    },
    async isOver(job, after) {
      // read before the events, as below
      const unfinished = await isUnfinished(job);
      return !unfinished && (await store.events(job, { limit: 1, after })).length === 0;
    },
    async *follow(job, after, signal) {
      let last = after;
      let seenSequence = 0;
      let changed = Promise.withResolvers<void>();
      const listener = (): void => changed.resolve();
      const listeners = followers.get(job) ?? new Set();
      followers.set(job, listeners.add(listener));
      const stopListening = onAbort(signal, listener);
      try {
        while (!signal.aborted) {
          changed = Promise.withResolvers();
          // read before the events: a job's last event is added before the job has finished
          const unfinished = await isUnfinished(job);
          const events = await store.withoutTimeout.events(job, { limit: pageSize, after: last });
          for (const event of events) {
            last = event.id;
            yield { kind: 'event', event };
          }
          if (events.length > 0) continue;
          const progress = latest.get(job);
          if (progress && progress.sequence > seenSequence) {
            seenSequence = progress.sequence;
            yield { kind: 'progress', progress: progress.progress };
          }
          if (!unfinished) return;
          await changed.promise;
        }
      } finally {
        listeners.delete(listener);
        if (listeners.size === 0) followers.delete(job);
        stopListening();
      }
    },
  };
}
