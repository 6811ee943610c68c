import type { ModelDetailsJson, SessionJson } from '../../client/api-json.ts';
import type { ServerClient } from '../../client/server-client.ts';
import { formatReply, type ReplyJson } from '../run/format-reply.ts';
import { readBody, readInput } from '../run/read-input.ts';

export interface StepOptions {
  readonly input: string | undefined;
  /** Tokens. */
  readonly generate?: number | undefined;
  /** JSON of other fields. */
  readonly body?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Goes on with a session and prints its answer. */
export async function step(client: ServerClient, id: string, options: StepOptions): Promise<void> {
  const { input, generate, body, json } = options;
  const path = `/v1/sessions/${encodeURIComponent(id)}`;
  const { model, version } = await client.call<SessionJson>('GET', path);
  const details = await client.call<ModelDetailsJson>(
    'GET',
    `/v1/models/${encodeURIComponent(`${model}@${version}`)}`,
  );
  const reply = await client.call<ReplyJson & { readonly session: { readonly position: number } }>(
    'POST',
    `${path}/steps`,
    {
      ...(input !== undefined && { input: readInput(input, details) }),
      ...(generate !== undefined && { generate: { max_tokens: generate } }),
      ...readBody(body),
    },
  );
  if (json) console.log(JSON.stringify(reply));
  else {
    for (const line of formatReply(reply)) console.log(line);
    console.error(`${id} is at ${reply.session.position}`);
  }
}
