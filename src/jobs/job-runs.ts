import { setTimeout as delay } from 'node:timers/promises';
import type { FromRun } from '../training/run-messages.ts';
import { isOver } from './job.ts';
import { now, type JobBooks } from './job-books.ts';
import type { JobEvents } from './job-events.ts';
import type { JobFolders } from './job-folders.ts';
import type { RunHandle, StartRun } from './run-handle.ts';
import type { JobStore } from './store.ts';

/** Jobs in line and in threads: what is started when, and what a thread's words and end mean for its job. */
export interface JobRuns {
  readonly waiting: number;
  /** To the end of the line. */
  enqueue(id: string): void;
  /** Asks a thread, or takes the job out of the line. @returns whether it runs: its thread then decides when */
  ask(id: string, what: 'pause' | 'cancel'): boolean;
  /** Training steps run since the start. */
  readonly steps: number;
  /** Stops what runs at its next step; its status stays, so that the next start takes it up. */
  readonly close: (ms: number) => Promise<void>;
}

export interface JobRunsOptions {
  readonly store: JobStore;
  readonly books: JobBooks;
  readonly events: JobEvents;
  readonly folders: JobFolders;
  readonly startRun: StartRun;
  readonly atOnce: number;
  readonly threads: number;
  readonly memoryMegabytes: number;
  readonly log: { warn(fields: object, message: string): void };
  /** A run has succeeded: what is to be done before its job has. */
  readonly complete: (id: string, best: number) => Promise<void>;
}

interface Running {
  readonly handle: RunHandle;
  /** What was asked of it, and has not happened yet. */
  asked: 'pause' | 'cancel' | null;
  /** Whether it has made a step: before that, it can be ended at once. */
  stepped: boolean;
  said: Extract<FromRun, { kind: 'ended' | 'failed' }> | null;
  lastStep: number;
}

export function createJobRuns(options: JobRunsOptions): JobRuns {
  const { store, books, events, folders, startRun, log } = options;
  const running = new Map<string, Running>();
  let waiting: string[] = [];
  let closing = false;
  let steps = 0;

  function startNext(): void {
    while (!closing && running.size < options.atOnce && waiting.length > 0) {
      const id = waiting.shift()!;
      const handle = { ask() {}, kill() {} };
      // its place is taken before anything is awaited
      const entry: Running = { handle, asked: null, stepped: false, said: null, lastStep: 0 };
      running.set(id, entry);
      void begin(id, entry);
    }
  }

  async function begin(id: string, entry: Running): Promise<void> {
    const resume = await folders.lastResumable(id).catch(() => null);
    const started = books.guarded(id, () => {
      store.forgetAfter(id, resume ?? 0);
      if (entry.asked !== null) return settle(id, entry, null);
      start(id, entry, resume);
    });
    if (!started) leave(id);
  }

  function start(id: string, entry: Running, resume: number | null): void {
    const { spec, data, validation, startedAt } = books.find(id);
    const message = resume === null ? 'the job is running' : `the job goes on from step ${resume}`;
    books.move(id, 'running', { changes: { startedAt: startedAt ?? now() }, message, step: resume ?? 0 });
    const { threads, memoryMegabytes } = options;
    const handle = startRun(
      {
        spec,
        data,
        validation,
        base: folders.base(id),
        folder: folders.of(id),
        resume,
        threads,
        memoryMegabytes,
      },
      {
        heard: (said) => {
          // a run whose books cannot be kept is of no use to anybody
          if (!books.guarded(id, () => hear(id, entry, said))) entry.handle.kill();
        },
        exited: (reason) => {
          if (!books.guarded(id, () => settle(id, entry, reason))) leave(id);
        },
      },
    );
    Object.assign(entry, { handle });
  }

  function leave(id: string): void {
    running.delete(id);
    startNext();
  }

  function hear(id: string, entry: Running, message: FromRun): void {
    switch (message.kind) {
      case 'progress':
        count(entry, message.step);
        return events.progress(id, message);
      case 'event': {
        const { type, level, message: text, step, data } = message;
        count(entry, step);
        if (type === 'metrics') books.change(id, { metrics: numbersOf(data) });
        return events.add({ job: id, type, level, message: text, step, data });
      }
      case 'checkpoint': {
        const { step, epoch, metrics, best } = message;
        store.saveCheckpoint({ job: id, step, epoch, createdAt: now(), metrics, best, published: null });
        if (best) books.change(id, { best: step });
        const text = `step ${step}: checkpoint${best ? ', the best so far' : ''}`;
        return events.add({
          job: id,
          type: 'checkpoint',
          level: 'info',
          message: text,
          step,
          data: { step, best },
        });
      }
      case 'ended':
      case 'failed':
        entry.said = message;
    }
  }

  function count(entry: Running, step: number): void {
    entry.stepped ||= step > 0;
    steps += Math.max(0, step - entry.lastStep);
    entry.lastStep = Math.max(step, entry.lastStep);
  }

  /** A thread is gone: what that means for its job. */
  function settle(id: string, entry: Running, reason: string | null): void {
    const { said, asked, lastStep: step } = entry;
    if (closing || isOver(books.find(id).status)) return leave(id);
    if (said?.kind === 'failed') {
      if (said.stack !== undefined) log.warn({ job: id, stack: said.stack }, 'a training thread failed');
      books.fail(id, said.code, said.message, step);
    } else if (asked === 'cancel') books.move(id, 'cancelled', { step });
    else if (asked === 'pause' && said?.how !== 'succeeded') books.move(id, 'paused', { step });
    else if (said?.kind === 'ended') {
      // stays among those that run until its model stands
      void options.complete(id, said.best ?? said.step).finally(() => leave(id));
      return;
    } else {
      log.warn({ job: id, reason }, 'a training thread died');
      books.fail(id, 'internal', 'the training thread died; the log has the reason under this job id', step);
    }
    leave(id);
  }

  /** Before its first step there is nothing to keep. */
  function stop({ handle, asked, stepped }: Running): void {
    if (stepped) handle.ask(asked!);
    else handle.kill();
  }

  return {
    get waiting() {
      return waiting.length;
    },
    get steps() {
      return steps;
    },
    enqueue(id) {
      waiting.push(id);
      startNext();
    },
    ask(id, what) {
      const entry = running.get(id);
      if (!entry) {
        waiting = waiting.filter((one) => one !== id);
        return false;
      }
      // who is cancelled is not paused
      if (what === 'cancel' || entry.asked === null) entry.asked = what;
      stop(entry);
      return true;
    },
    async close(ms) {
      closing = true;
      for (const entry of running.values()) {
        entry.asked ??= 'pause';
        stop(entry);
      }
      const until = performance.now() + ms;
      while (running.size > 0 && performance.now() < until) await delay(20);
      for (const { handle } of running.values()) handle.kill();
    },
  };
}

const numbersOf = (data: Readonly<Record<string, unknown>>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(data).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
