import { Worker } from 'node:worker_threads';
import { UnrollError } from '../errors.ts';
import type { MeasureReply } from '../training/run/measure-thread.ts';
import type { MeasureRequest } from '../training/run/measure-models.ts';

/** Measures versions, each in a thread, one after the other. */
export interface VersionMeasurements {
  /** @throws UnrollError shutting_down */
  measure(request: MeasureRequest): Promise<MeasureReply>;
  /** Ends what is being measured: the next start measures it again. */
  close(): void;
}

export function createVersionMeasurements(): VersionMeasurements {
  let last: Promise<unknown> = Promise.resolve();
  let running: Worker | null = null;
  let closed = false;

  function run(request: MeasureRequest): Promise<MeasureReply> {
    if (closed) throw new UnrollError('shutting_down', 'the server is shutting down');
    const thread = new Worker(new URL('../training/run/measure-thread.ts', import.meta.url), {
      workerData: request,
      // running out of memory ends the thread, not the server
      resourceLimits: { maxOldGenerationSizeMb: 4096 },
    });
    running = thread;
    return new Promise((resolve, reject) => {
      let reason = 'the thread that measures it exited';
      thread.on('message', resolve);
      thread.on('error', (error) => (reason = error instanceof Error ? error.message : String(error)));
      thread.on('exit', () => {
        running = null;
        if (closed) reject(new UnrollError('shutting_down', 'the server is shutting down'));
        else resolve({ reason });
      });
    });
  }

  return {
    measure(request) {
      const measured = last.then(() => run(request));
      last = measured.catch(() => {});
      return measured;
    },
    close() {
      closed = true;
      void running?.terminate();
    },
  };
}
