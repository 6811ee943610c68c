import { createParser } from 'eventsource-parser';
import { createDisplay, type Progress } from './progress-line.ts';

/** What the API says of a run's progress, as the display wants it. */
export interface ProgressView {
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly steps_per_second: number;
  readonly seconds_left: number | null;
}

export const toProgress = (view: ProgressView): Progress => ({
  ...view,
  stepsPerSecond: view.steps_per_second,
  secondsLeft: view.seconds_left,
});

/**
 * Shows what a job of a server says, until it is over. A connection that breaks is taken up again after the last event.
 * @returns the exit code: 0 for a job that has succeeded
 */
export async function followJob(server: string, job: string): Promise<number> {
  const display = createDisplay(process.stdout);
  const url = `${server.replace(/\/$/, '')}/v1/training/jobs/${encodeURIComponent(job)}`;
  let status = await statusOf(url);
  let last = '0';
  const parser = createParser({
    onEvent({ event, id, data }) {
      if (id !== undefined) last = id;
      const said = JSON.parse(data) as ProgressView & { message: string };
      if (event === 'progress') display.progress(toProgress(said));
      else if (event !== 'gradient_flow') display.line(said.message);
    },
  });
  do {
    try {
      const response = await fetch(`${url}/events`, {
        headers: { accept: 'text/event-stream', 'last-event-id': last },
      });
      const decoder = new TextDecoder();
      for await (const chunk of response.body!) parser.feed(decoder.decode(chunk, { stream: true }));
    } catch (error) {
      display.line(`the stream broke off (${error instanceof Error ? error.message : String(error)})`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    parser.reset();
    status = await statusOf(url);
  } while (!['succeeded', 'failed', 'cancelled'].includes(status));
  display.end();
  return status === 'succeeded' ? 0 : 1;
}

/** @throws Error with what the server says is wrong */
async function statusOf(url: string): Promise<string> {
  const response = await fetch(url);
  const { status, detail } = (await response.json()) as { status: string; detail?: string };
  if (!response.ok) throw new Error(detail ?? `the server answers ${response.status}`);
  return status;
}
