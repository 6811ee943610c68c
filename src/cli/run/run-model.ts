import type { ModelDetailsJson } from '../../client/api-json.ts';
import type { ServerClient } from '../../client/server-client.ts';
import { CommandError } from '../command-error.ts';
import { formatReply, type ReplyJson } from './format-reply.ts';
import { readInput } from './read-input.ts';

export interface RunOptions {
  /** Whether replies are printed as JSON, one a line. */
  readonly json: boolean;
  readonly jsonInput: boolean;
  /** Whether generated text is printed as it is written. */
  readonly stream: boolean;
  /** The last hidden state in place of the model's task. */
  readonly embed: boolean;
  /** Fields of the body besides the input. */
  readonly fields: object;
}

/** Calls a model with one input and writes what it answers. */
export type CallModel = (text: string | undefined) => Promise<void>;

/** @throws CommandError for a model without a task, ServerError for one that there is not */
export async function prepareCall(
  client: ServerClient,
  reference: string,
  options: RunOptions,
  write: (text: string) => void,
): Promise<CallModel> {
  const model = `/v1/models/${encodeURIComponent(reference)}`;
  const details = await client.call<ModelDetailsJson>('GET', model);
  const task = options.embed ? 'embed' : details.task;
  if (task === null)
    throw new CommandError(
      details.ready
        ? `${reference} takes and gives tensors only: POST /v2/models/${reference}/infer`
        : `${reference} is not ready: ${details.error}`,
    );
  const path = `${model}/${task}`;
  return async (text) => {
    const body = { ...toInput(text, task, details, options.jsonInput), ...options.fields };
    if (task === 'generate' && options.stream) await writeStream(client, path, body, options.json, write);
    else {
      const reply = await client.call<ReplyJson>('POST', path, body);
      const lines = options.json ? [JSON.stringify(reply)] : formatReply(reply);
      write(lines.map((line) => `${line}\n`).join(''));
    }
  };
}

function toInput(
  text: string | undefined,
  task: string,
  details: ModelDetailsJson,
  jsonInput: boolean,
): object {
  if (text === undefined) return {};
  return { [task === 'generate' ? 'prompt' : 'input']: readInput(text, details, jsonInput) };
}

async function writeStream(
  client: ServerClient,
  path: string,
  body: object,
  json: boolean,
  write: (text: string) => void,
): Promise<void> {
  for await (const { event, data } of client.stream(path, body))
    if (json) write(`${JSON.stringify({ event, ...data })}\n`);
    else if (event === 'token') write(String(data['text']));
    else if (event === 'done') write('\n');
}
