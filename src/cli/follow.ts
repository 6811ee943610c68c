import { createParser } from 'eventsource-parser';
import { createServerClient, sendTo } from '../client/server-client.ts';
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

/**
 * Shows the events of a job on a server until it has finished. Reconnects after the last event if the
 * connection breaks.
 * @param key of the API; empty for none
 * @returns the exit code: 0 if the job succeeded
 * @throws ServerError, UnreachableError
 */
export async function followJob(server: string, job: string, key: string): Promise<number> {
  const display = createDisplay(process.stdout);
  const path = `/v1/training/jobs/${encodeURIComponent(job)}`;
  const send = sendTo(server, key);
  const client = createServerClient(server, send);
  const readStatus = async (): Promise<string> =>
    (await client.call<{ readonly status: string }>('GET', path)).status;
  let status = await readStatus();
  let last = '0';
  const parser = createParser({
    onEvent({ event, id, data }) {
      if (id !== undefined) last = id;
      const content = JSON.parse(data) as ProgressView & { message: string };
      if (event === 'progress') display.progress(toProgress(content));
      else if (event !== 'gradient_flow') display.line(content.message);
    },
  });
  do {
    try {
      const response = await send(`${path}/events`, {
        headers: { accept: 'text/event-stream', 'last-event-id': last },
      });
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
    } catch (error) {
      display.line(`the connection broke (${error instanceof Error ? error.message : String(error)})`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    parser.reset();
    status = await readStatus();
  } while (!['succeeded', 'failed', 'cancelled'].includes(status));
  display.end();
  return status === 'succeeded' ? 0 : 1;
}
