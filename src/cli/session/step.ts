import type { Client } from '../../client/index.ts';
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
export async function step(client: Client, session: string, options: StepOptions): Promise<void> {
  const { input, generate, body, json } = options;
  const path = { session };
  const { model, version } = await client.call('showSession', { path });
  const details = await client.models.show(`${model}@${version}`);
  const steps = {
    ...(input !== undefined && { input: readInput(input, details) as string }),
    ...(generate !== undefined && { generate: { max_tokens: generate } }),
    ...readBody(body),
  };
  const reply = await client.call('runSessionSteps', { path, body: steps });
  if (json) console.log(JSON.stringify(reply));
  else {
    for (const line of formatReply(reply as ReplyJson)) console.log(line);
    console.error(`${session} is at ${reply.session.position}`);
  }
}
