import type { Method, ServerClient } from '../../client/server-client.ts';

export interface AliasJson {
  readonly version: number;
}

const aliasPath = (model: string, alias: string): string =>
  `/v1/models/${encodeURIComponent(model)}/aliases/${encodeURIComponent(alias)}`;

/** Points an alias at a version. */
export const pointAlias = (
  client: ServerClient,
  model: string,
  alias: string,
  version: number,
): Promise<AliasJson> => client.call('PUT' satisfies Method, aliasPath(model, alias), { version });

export const readAlias = (client: ServerClient, model: string, alias: string): Promise<AliasJson> =>
  client.call('GET', aliasPath(model, alias));
