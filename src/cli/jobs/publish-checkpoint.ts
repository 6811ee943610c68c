import type { Client } from '../../client/index.ts';
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
  client: Client,
  job: string,
  { step, alias, force = false }: PublishOptions,
): Promise<string> {
  const chosen = step ?? (await client.jobs.show(job)).best_step;
  if (chosen === null) throw new CommandError(`job ${job} has no checkpoint yet`);
  const { published } = await client.jobs.publish(job, chosen, { alias, force });
  return published!;
}
