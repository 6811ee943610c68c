import { Worker } from 'node:worker_threads';
import type { RunMessage, RunRequest, RunCommand } from '../training/run/run-messages.ts';

/** Controls the training thread of a job. */
export interface RunHandle {
  send(kind: RunCommand['kind']): void;
  /** Terminates the thread; `onExit` is called afterwards. */
  kill(): void;
}

export interface RunEvents {
  readonly onMessage: (message: RunMessage) => void;
  /** Called once the thread has exited. @param reason an uncaught error or a non-zero exit code, or null */
  readonly onExit: (reason: string | null) => void;
}

/** Starts the thread of one run. */
export type StartRun = (request: RunRequest, events: RunEvents) => RunHandle;

export const startRunThread: StartRun = (request, { onMessage, onExit }) => {
  const thread = new Worker(new URL('../training/run/run-thread.ts', import.meta.url), {
    workerData: request,
    // running out of memory ends the thread, not the server
    resourceLimits: { maxOldGenerationSizeMb: 4096 },
  });
  let reason: string | null = null;
  /** Each call of terminate waits for the exit with a listener of its own. */
  let terminated: Promise<number> | null = null;
  thread.on('message', onMessage);
  thread.on('error', (error) => (reason = error instanceof Error ? error.message : String(error)));
  thread.on('exit', (code) => onExit(reason ?? (code === 0 ? null : `the thread exited with code ${code}`)));
  return {
    send: (kind) => thread.postMessage({ kind } satisfies RunCommand),
    kill: () => void (terminated ??= thread.terminate()),
  };
};
