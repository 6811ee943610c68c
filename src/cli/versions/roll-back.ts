import type { ModelJson } from '../../client/api-json.ts';
import type { ServerClient } from '../../client/server-client.ts';
import { CommandError } from '../command-error.ts';
import { pointAlias, readAlias } from './aliases.ts';

/**
 * Points an alias back.
 * @param to undefined for the highest version below the one of now
 * @throws CommandError where there is none
 */
export async function rollBack(
  client: ServerClient,
  model: string,
  alias: string,
  to?: number,
): Promise<{ readonly from: number; readonly to: number }> {
  const { version: from } = await readAlias(client, model, alias);
  const target = to ?? (await findEarlier(client, model, from));
  if (target === undefined)
    throw new CommandError(
      `${model}@${alias} is version ${from}, and there is none below: name one with --to`,
    );
  await pointAlias(client, model, alias, target);
  return { from, to: target };
}

async function findEarlier(client: ServerClient, model: string, from: number): Promise<number | undefined> {
  const { versions } = await client.call<ModelJson>('GET', `/v1/models/${encodeURIComponent(model)}`);
  return versions.filter((version) => version < from).toSorted((a, b) => b - a)[0];
}
