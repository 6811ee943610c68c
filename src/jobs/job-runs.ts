import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError } from '../errors.ts';
import type { CheckpointQuota } from '../training/run/checkpoint-quota.ts';
import type { RunMessage } from '../training/run/run-messages.ts';
import type { JobEvents } from './job-events.ts';
import type { JobFolders } from './job-folders.ts';
import { unixSeconds, type JobRegistry } from './job-registry.ts';
import type { RunHandle, StartRun } from './run-handle.ts';
import type { JobStore } from './store/store.ts';

/** The queue of jobs and their threads: what runs when, and what a thread's messages and its end mean for its job. */
export interface JobRuns {
  /** To the end of the queue. */
  enqueue(id: string): void;
  /** Stops the job's thread, or takes the job out of the queue. @returns whether a thread is yet to stop */
  stop(id: string, why: 'pause' | 'cancel'): boolean;
  /** Training steps run since the start. */
  readonly steps: number;
  /** Stops what runs at its next step; its status stays, so that the next start takes it up. */
  readonly close: (ms: number) => Promise<void>;
}

export interface JobRunsOptions {
  readonly store: JobStore;
  readonly registry: JobRegistry;
  readonly events: JobEvents;
  readonly folders: JobFolders;
  readonly startRun: StartRun;
  readonly maxRunning: number;
  readonly threads: number;
  readonly memoryMegabytes: number;
  readonly quota: CheckpointQuota | null;
  /** A run has reached its end. */
  readonly onTrained: (id: string, best: number) => void;
  readonly log: { warn(fields: object, message: string): void };
}

interface Running {
  /** Null until its thread is started. */
  handle: RunHandle | null;
  asked: 'pause' | 'cancel' | null;
  /** Whether it has made a step: before that, it can be ended at once. */
  stepped: boolean;
  last: Extract<RunMessage, { kind: 'ended' | 'failed' }> | null;
  lastStep: number;
}

export function createJobRuns(options: JobRunsOptions): JobRuns {
  const { store, registry, events, folders, startRun, log } = options;
  const running = new Map<string, Running>();
  let waiting: string[] = [];
  let closing = false;
  let steps = 0;

  function startNext(): void {
    while (!closing && running.size < options.maxRunning) {
      // one that was paused and resumed may still have a thread that is about to end
      const id = waiting.find((one) => !running.has(one));
      if (id === undefined) return;
      waiting = waiting.filter((one) => one !== id);
      // its place is taken before anything is awaited
      const entry: Running = { handle: null, asked: null, stepped: false, last: null, lastStep: 0 };
      running.set(id, entry);
      begin(id, entry).catch((error: unknown) => {
        failRun(id, entry, error);
        leave(id);
      });
    }
  }

  async function begin(id: string, entry: Running): Promise<void> {
    const resume = await folders.lastResumableStep(id).catch(() => null);
    await store.withoutTimeout.removeAfterStep(id, resume ?? 0);
    const message = resume === null ? 'the job is running' : `the job goes on from step ${resume}`;
    const startedAt = registry.unfinished(id)?.startedAt ?? unixSeconds();
    // it may have been cancelled or paused meanwhile
    const started =
      entry.asked === null && !closing
        ? registry.apply(id, 'start', { changes: { startedAt }, message, step: resume ?? 0 })
        : null;
    if (!started) return leave(id);
    const { spec, data, validation } = started.job;
    const { threads, memoryMegabytes, quota } = options;
    entry.handle = startRun(
      {
        spec,
        data,
        validation,
        base: folders.base(id),
        folder: folders.path(id),
        resume,
        threads,
        memoryMegabytes,
        quota,
      },
      {
        onMessage: (message) => {
          // a run that cannot be recorded is of no use to anybody
          receive(id, entry, message).catch((error: unknown) => failRun(id, entry, error));
        },
        onExit: (reason) => {
          settle(id, entry, reason);
          leave(id);
        },
      },
    );
  }

  function leave(id: string): void {
    running.delete(id);
    startNext();
  }

  function failRun(id: string, entry: Running, error: unknown): void {
    if (closing) return;
    log.warn({ job: id, err: error }, 'a training job cannot go on');
    if (error instanceof UnrollError) registry.fail(id, error.code, error.message, entry.lastStep);
    else registry.fail(id, 'internal', 'the job cannot go on; the log has the reason', entry.lastStep);
    entry.handle?.kill();
  }

  async function receive(id: string, entry: Running, message: RunMessage): Promise<void> {
    // its last event is that it is over
    if (!registry.unfinished(id)) return;
    switch (message.kind) {
      case 'progress':
        count(entry, message.step);
        return events.progress(id, message);
      case 'event': {
        const { type, level, message: text, step, data } = message;
        count(entry, step);
        const updated = type === 'metrics' ? registry.update(id, { metrics: numbersOf(data) }) : null;
        const added = events.add({ job: id, type, level, message: text, step, data });
        await Promise.all([updated, added]);
        return;
      }
      case 'checkpoint': {
        const { step, epoch, metrics, best } = message;
        const row = { job: id, step, epoch, createdAt: unixSeconds(), metrics, best, published: null };
        const saved = store.withoutTimeout.saveCheckpoint(row);
        const updated = best ? registry.update(id, { best: step }) : null;
        const text = `step ${step}: checkpoint${best ? ', the best so far' : ''}`;
        const data = { step, best };
        const added = events.add({ job: id, type: 'checkpoint', level: 'info', message: text, step, data });
        await Promise.all([saved, updated, added]);
        return;
      }
      case 'checkpoints_removed':
        await store.withoutTimeout.removeCheckpoints(message.job, message.steps);
        return;
      case 'ended':
      case 'failed':
        entry.last = message;
    }
  }

  function count(entry: Running, step: number): void {
    entry.stepped ||= step > 0;
    steps += Math.max(0, step - entry.lastStep);
    entry.lastStep = Math.max(step, entry.lastStep);
  }

  /** A thread is gone: what that means for its job. */
  function settle(id: string, { last, asked, lastStep: step }: Running, reason: string | null): void {
    if (closing) return;
    if (last?.kind === 'failed') {
      if (last.stack !== undefined) log.warn({ job: id, stack: last.stack }, 'a training run failed');
      registry.fail(id, last.code, last.message, step);
    } else if (last?.outcome === 'succeeded') options.onTrained(id, last.best ?? last.step);
    else if (asked !== null || last) registry.apply(id, 'stopped', { step });
    else {
      log.warn({ job: id, reason }, 'a training thread died');
      registry.fail(
        id,
        'internal',
        'the training thread died; the log has the reason under this job id',
        step,
      );
    }
  }

  /** Before its first step there is nothing to keep. */
  function stopThread({ handle, asked, stepped }: Running): void {
    if (stepped) handle?.send(asked!);
    else handle?.kill();
  }

  return {
    get steps() {
      return steps;
    },
    enqueue(id) {
      waiting.push(id);
      startNext();
    },
    stop(id, why) {
      waiting = waiting.filter((one) => one !== id);
      const entry = running.get(id);
      if (!entry) return false;
      // a cancelled job is not paused
      if (why === 'cancel' || entry.asked === null) entry.asked = why;
      stopThread(entry);
      return true;
    },
    async close(ms) {
      closing = true;
      for (const entry of running.values()) {
        entry.asked ??= 'pause';
        stopThread(entry);
      }
      const until = performance.now() + ms;
      while (running.size > 0 && performance.now() < until) await delay(20);
      for (const { handle } of running.values()) handle?.kill();
    },
  };
}

const numbersOf = (data: Readonly<Record<string, unknown>>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(data).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
