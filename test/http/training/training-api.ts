import { setTimeout as delay } from 'node:timers/promises';
import { serveApp } from '../served-app.ts';

// The app with training, and requests to its training routes.

const served = await serveApp({ maxBodyBytes: 1_000_000 });
/** Closes the app; call it after all tests of a file. */
export const closeApp = (): Promise<void> => served.close();
export const { app } = served;

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly field?: string;
  readonly errors?: { field: string; message: string }[];
}
export const upload = (body: string | Buffer, type = 'application/jsonl', query = '') =>
  app.inject({
    method: 'POST',
    url: `/v1/datasets${query}`,
    headers: { 'content-type': type },
    payload: body,
  });
export const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload });
export const get = (url: string) => app.inject({ method: 'GET', url });
/** Polls a job until it has ended. */
export async function waitForJob(
  id: string,
): Promise<{ status: string; published: string | null; error: Problem | null }> {
  for (;;) {
    const job = (await get(`/v1/training/jobs/${id}`)).json<{
      status: string;
      published: string;
      error: Problem;
    }>();
    if (['succeeded', 'failed', 'cancelled'].includes(job.status)) return job;
    await delay(10);
  }
}

export const network = {
  layers: [{ type: 'embedding', units: 4 }, { type: 'recurrent', cell: 'gru', units: 4 }, { type: 'dense' }],
};
export const records = [
  { text: 'aab', label: 'x' },
  { text: 'abb', label: 'y' },
  { text: 'aaab', label: 'x' },
  { text: 'abbb', label: 'y' },
];
export const job = (more: object = {}) => ({
  model: 'made',
  task: 'classify',
  network,
  data: { records },
  validation: { share: 0.25 },
  budget: { epochs: 2 },
  ...more,
});
