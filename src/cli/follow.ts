import { createParser } from 'eventsource-parser';
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
 */
export async function followJob(server: string, job: string, key: string): Promise<number> {
  const display = createDisplay(process.stdout);
  const url = `${server.replace(/\/$/, '')}/v1/training/jobs/${encodeURIComponent(job)}`;
  const authorization: Record<string, string> = key === '' ? {} : { authorization: `Bearer ${key}` };
  let status = await readStatus(url, authorization);
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
      const response = await fetch(`${url}/events`, {
        headers: { ...authorization, accept: 'text/event-stream', 'last-event-id': last },
      });
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
    } catch (error) {
      display.line(`the connection broke (${error instanceof Error ? error.message : String(error)})`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    parser.reset();
    status = await readStatus(url, authorization);
  } while (!['succeeded', 'failed', 'cancelled'].includes(status));
  display.end();
  return status === 'succeeded' ? 0 : 1;
}

/** @throws Error with the server's error message */
async function readStatus(url: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const response = await fetch(url, { headers });
  const { status, detail } = (await response.json()) as { status: string; detail?: string };
  if (!response.ok) throw new Error(detail ?? `the server replied with status ${response.status}`);
  return status;
}
