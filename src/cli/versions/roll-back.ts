import type { Client } from '../../client/index.ts';
import { CommandError } from '../command-error.ts';

/**
 * Points an alias back.
 * @param to undefined for the highest version below the one of now
 * @returns `from` null where the alias pointed at a version that was deleted
 * @throws CommandError where there is none
 */
export async function rollBack(
  client: Client,
  model: string,
  alias: string,
  to?: number,
): Promise<{ readonly from: number | null; readonly to: number }> {
  const { version: from } = await client.call('showAlias', { path: { model, alias } });
  const target = to ?? (await findEarlier(client, model, from ?? Infinity));
  if (target === undefined)
    throw new CommandError(
      `${model}@${alias} is version ${from}, and there is none below: name one with --to`,
    );
  await client.call('setAlias', { path: { model, alias }, body: { version: target } });
  return { from, to: target };
}

async function findEarlier(client: Client, model: string, from: number): Promise<number | undefined> {
  const { versions } = await client.models.show(model);
  return versions.filter((version) => version < from).toSorted((a, b) => b - a)[0];
}
