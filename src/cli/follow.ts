import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError } from '../client/error.ts';
import type { Client } from '../client/index.ts';
import { createDisplay, type Progress } from './progress-line.ts';

/** The API's view of a run's progress. */
export interface ProgressView {
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly steps_per_second: number;
  readonly seconds_left: number | null;
}

/** Converts the API's view of progress to that of the display. */
export const toProgress = (view: ProgressView): Progress => ({
  ...view,
  stepsPerSecond: view.steps_per_second,
  secondsLeft: view.seconds_left,
});

/** Milliseconds before a broken connection is made again. */
const reconnectMs = 1000;

/**
 * Shows the events of a job on a server until it has finished. Reconnects after the last event if the
 * connection breaks.
 * @returns the exit code: 0 if the job succeeded
 * @throws UnrollError
 */
export async function followJob(client: Client, job: string): Promise<number> {
  const display = createDisplay(process.stdout);
  let after = 0;
  for (let over = false; !over;) {
    try {
      for await (const { event, data } of client.jobs.follow(job, { after })) {
        if (event === 'progress') {
          display.progress(toProgress(data));
          continue;
        }
        after = data.id;
        if (event !== 'gradient_flow') display.line(data.message);
      }
      over = true;
    } catch (error) {
      if (!(error instanceof UnrollError) || error.code !== 'connection_lost') throw error;
      display.line(`the connection broke (${error.message})`);
      await delay(reconnectMs);
    }
  }
  display.end();
  const { status } = await client.jobs.show(job);
  return status === 'succeeded' ? 0 : 1;
}
