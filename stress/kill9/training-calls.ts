import { parseReplyJson, postJson, request } from '../server/request.ts';
import { jobSpec, type RequestedJob } from './jobs.ts';

/** The fields of a job's view that are checked. */
export interface JobView {
  readonly id: string;
  readonly model: string;
  readonly status: string;
  readonly published: string | null;
  readonly error: object | null;
}

export const isFinished = ({ status }: JobView): boolean =>
  ['succeeded', 'failed', 'cancelled'].includes(status);

/** Requests the job. Its id stays null if no reply arrives. @throws Error for an error reply */
export async function createJob(port: number, job: RequestedJob): Promise<void> {
  const reply = await postJson(port, '/v1/training/jobs', jobSpec(job.kind, job.model));
  if (reply.error !== null) return;
  if (reply.status >= 300) throw new Error(`POST /v1/training/jobs: ${reply.status} ${reply.body}`);
  job.id = String(parseReplyJson(reply)['id']);
}

/** @returns the job; null if the connection broke @throws Error for any other reply */
export async function getJob(port: number, id: string): Promise<JobView | null> {
  const reply = await request(port, { path: `/v1/training/jobs/${id}` });
  if (reply.error !== null) return null;
  if (reply.status !== 200) throw new Error(`GET /v1/training/jobs/${id}: ${reply.status} ${reply.body}`);
  return parseReplyJson(reply) as unknown as JobView;
}

const pageSize = 100;

export async function listJobs(port: number): Promise<JobView[]> {
  const jobs: JobView[] = [];
  for (;;) {
    const after = jobs.length > 0 ? `&after=${jobs.at(-1)!.id}` : '';
    const reply = await request(port, { path: `/v1/training/jobs?limit=${pageSize}${after}` });
    if (reply.status !== 200)
      throw new Error(`GET /v1/training/jobs: ${reply.error ?? reply.status} ${reply.body}`);
    const { data } = parseReplyJson(reply) as { data: JobView[] };
    jobs.push(...data);
    if (data.length < pageSize) return jobs;
  }
}
