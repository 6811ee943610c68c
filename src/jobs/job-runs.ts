import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError } from '../errors.ts';
import type { CheckpointQuota } from '../training/run/checkpoint-quota.ts';
import type { RunMessage } from '../training/run/run-messages.ts';
import type { JobEvents } from './job-events.ts';
import type { JobFolders } from './job-folders.ts';
import { unixSeconds, type JobRegistry } from './job-registry.ts';
import type { RunHandle, StartRun } from './run-handle.ts';
import type { JobStore } from './store/store.ts';

/** Queues jobs, runs them in training threads, and applies the threads' messages and exits to their jobs. */
export interface JobRuns {
  /** Appends a job to the queue. */
  enqueue(id: string): void;
  /** Removes the job from the queue or stops its thread. @returns whether a thread is still to stop */
  stop(id: string, command: 'pause' | 'cancel'): boolean;
  /** Terminates the thread of a job that is no longer this process's. */
  abandon(id: string): void;
  /** Training steps since the server started. */
  readonly steps: number;
  /** Stops running jobs at their next step. Their status stays, so that the next start restores them. */
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
  /** Called when a run has completed; `best` is the step of its best checkpoint. */
  readonly onTrained: (id: string, best: number) => void;
  readonly log: { warn(fields: object, message: string): void };
}

interface Running {
  /** Null until the thread is started. */
  handle: RunHandle | null;
  requested: 'pause' | 'cancel' | null;
  /** Whether the job has been given up: nothing that the thread still sends is the job's. */
  abandoned: boolean;
  /** Whether it has completed a step: before that, it is terminated at once. */
  stepped: boolean;
  last: Extract<RunMessage, { kind: 'ended' | 'failed' }> | null;
  lastStep: number;
}

export function createJobRuns(options: JobRunsOptions): JobRuns {
  const { store, registry, events, folders, startRun, log } = options;
  const running = new Map<string, Running>();
  let queue: string[] = [];
  let closing = false;
  let steps = 0;

  function startNext(): void {
    while (!closing && running.size < options.maxRunning) {
      // a job that was paused and resumed may still have a thread that is about to exit
      const id = queue.find((one) => !running.has(one));
      if (id === undefined) return;
      queue = queue.filter((one) => one !== id);
      // added before anything is awaited, so that it counts as running
      const entry: Running = {
        handle: null,
        requested: null,
        abandoned: false,
        stepped: false,
        last: null,
        lastStep: 0,
      };
      running.set(id, entry);
      start(id, entry).catch((error: unknown) => {
        failRun(id, entry, error);
        removeRun(id);
      });
    }
  }

  async function start(id: string, entry: Running): Promise<void> {
    const resume = await folders.lastResumableStep(id).catch(() => null);
    await store.withoutTimeout.removeAfterStep(id, resume ?? 0);
    const message = resume === null ? 'the job is running' : `the job resumes at step ${resume}`;
    const startedAt = registry.unfinished(id)?.startedAt ?? unixSeconds();
    // the job may have been cancelled or paused meanwhile
    const started =
      entry.requested === null && !closing
        ? registry.apply(id, 'start', { changes: { startedAt }, message, step: resume ?? 0 })
        : null;
    if (!started) return removeRun(id);
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
          // a run whose messages cannot be stored is stopped
          receive(id, entry, message).catch((error: unknown) => failRun(id, entry, error));
        },
        onExit: (reason) => {
          if (!entry.abandoned) applyExit(id, entry, reason);
          removeRun(id);
        },
      },
    );
  }

  function removeRun(id: string): void {
    running.delete(id);
    startNext();
  }

  function failRun(id: string, entry: Running, error: unknown): void {
    if (closing || entry.abandoned) return;
    log.warn({ job: id, err: error }, 'a training job failed');
    if (error instanceof UnrollError) registry.fail(id, error.code, error.message, entry.lastStep);
    else registry.fail(id, 'internal', 'the job failed in the server; see the server log', entry.lastStep);
    entry.handle?.kill();
  }

  async function receive(id: string, entry: Running, message: RunMessage): Promise<void> {
    // the last event of a finished job is its status
    if (entry.abandoned || !registry.unfinished(id)) return;
    switch (message.kind) {
      case 'progress':
        countSteps(entry, message.step);
        return events.progress(id, message);
      case 'event': {
        const { type, level, message: text, step, data } = message;
        countSteps(entry, step);
        const updated = type === 'metrics' ? registry.update(id, { metrics: pickNumbers(data) }) : null;
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

  function countSteps(entry: Running, step: number): void {
    entry.stepped ||= step > 0;
    steps += Math.max(0, step - entry.lastStep);
    entry.lastStep = Math.max(step, entry.lastStep);
  }

  /** Applies the exit of a thread to its job. */
  function applyExit(id: string, { last, requested, lastStep: step }: Running, reason: string | null): void {
    if (closing) return;
    if (last?.kind === 'failed') {
      if (last.stack !== undefined) log.warn({ job: id, stack: last.stack }, 'a training run failed');
      registry.fail(id, last.code, last.message, step);
    } else if (last?.outcome === 'succeeded') options.onTrained(id, last.best ?? last.step);
    else if (requested !== null || last) registry.apply(id, 'stopped', { step });
    else {
      log.warn({ job: id, reason }, 'a training thread exited unexpectedly');
      registry.fail(
        id,
        'internal',
        'the training thread exited unexpectedly; see the server log under this job id',
        step,
      );
    }
  }

  /** Asks the thread to stop after a checkpoint; terminates it if it has not completed a step. */
  function stopThread({ handle, requested, stepped }: Running): void {
    if (stepped) handle?.send(requested!);
    else handle?.kill();
  }

  return {
    get steps() {
      return steps;
    },
    enqueue(id) {
      queue.push(id);
      startNext();
    },
    stop(id, command) {
      queue = queue.filter((one) => one !== id);
      const entry = running.get(id);
      if (!entry) return false;
      // a pause does not replace a cancel
      if (command === 'cancel' || entry.requested === null) entry.requested = command;
      stopThread(entry);
      return true;
    },
    abandon(id) {
      queue = queue.filter((one) => one !== id);
      const entry = running.get(id);
      if (!entry) return;
      entry.requested = 'cancel';
      entry.abandoned = true;
      entry.handle?.kill();
    },
    async close(ms) {
      closing = true;
      for (const entry of running.values()) {
        entry.requested ??= 'pause';
        stopThread(entry);
      }
      const deadline = performance.now() + ms;
      while (running.size > 0 && performance.now() < deadline) await delay(20);
      for (const { handle } of running.values()) handle?.kill();
    },
  };
}

const pickNumbers = (data: Readonly<Record<string, unknown>>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(data).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
