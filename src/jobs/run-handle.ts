import { Worker } from 'node:worker_threads';
import type { RunMessage, RunRequest, RunCommand } from '../training/run/run-messages.ts';

/** A training thread, as its job sees it. */
export interface RunHandle {
  send(kind: RunCommand['kind']): void;
  /** Ends it at once; `exited` follows. */
  kill(): void;
}

export interface RunEvents {
  readonly onMessage: (message: RunMessage) => void;
  /** It is gone. @param reason why, where nobody asked it to go and it said nothing */
  readonly onExit: (reason: string | null) => void;
}

/** Starts the thread of one run. */
export type StartRun = (request: RunRequest, events: RunEvents) => RunHandle;

export const startRunThread: StartRun = (request, { onMessage: heard, onExit: exited }) => {
  const thread = new Worker(new URL('../training/run/run-thread.ts', import.meta.url), {
    workerData: request,
    // a run out of memory takes its thread with it, not the server
    resourceLimits: { maxOldGenerationSizeMb: 4096 },
  });
  let reason: string | null = null;
  thread.on('message', heard);
  thread.on('error', (error) => (reason = error instanceof Error ? error.message : String(error)));
  thread.on('exit', (code) => exited(reason ?? (code === 0 ? null : `the thread ended with ${code}`)));
  return {
    send: (kind) => thread.postMessage({ kind } satisfies RunCommand),
    kill: () => void thread.terminate(),
  };
};
