import type { JobJson } from '../../client/api-json.ts';
import type { ServerClient } from '../../client/server-client.ts';
import { CommandError } from '../command-error.ts';

export interface PublishOptions {
  /** The best by default. */
  readonly step?: number;
  readonly alias: string;
  readonly force?: boolean;
}

/**
 * Publishes a checkpoint of a job, whatever the job's own policy.
 * @returns `name@version`
 * @throws CommandError where the job has no checkpoint yet
 */
export async function publishCheckpoint(
  client: ServerClient,
  job: string,
  { step, alias, force = false }: PublishOptions,
): Promise<string> {
  const path = `/v1/training/jobs/${encodeURIComponent(job)}`;
  const chosen = step ?? (await client.call<JobJson>('GET', path)).best_step;
  if (chosen === null) throw new CommandError(`job ${job} has no checkpoint yet`);
  const { published } = await client.call<{ readonly published: string }>(
    'POST',
    `${path}/checkpoints/${chosen}/publish`,
    { alias, force },
  );
  return published;
}
