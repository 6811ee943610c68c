import type { StreamedTask } from '../../client/events.ts';
import type { Client, ModelDetails } from '../../client/index.ts';
import { CommandError } from '../command-error.ts';
import { formatReply } from './format-reply.ts';
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

/** @throws CommandError for a model without a task, UnrollError for one that there is not */
export async function prepareCall(
  client: Client,
  reference: string,
  options: RunOptions,
  write: (text: string) => void,
): Promise<CallModel> {
  const details = await client.models.show(reference);
  const task = options.embed ? 'embed' : (details.task as StreamedTask | null);
  if (task === null)
    throw new CommandError(
      details.ready
        ? `${reference} takes and gives tensors only: POST /v2/models/${reference}/infer`
        : `${reference} is not ready: ${details.error}`,
    );
  return async (text) => {
    const body = { ...toInput(text, task, details, options.jsonInput), ...options.fields };
    if (task === 'generate' && options.stream)
      await writeStream(client, reference, body, options.json, write);
    else {
      const reply = await client.run(task, reference, body);
      const lines = options.json ? [JSON.stringify(reply)] : formatReply(reply);
      write(lines.map((line) => `${line}\n`).join(''));
    }
  };
}

function toInput(text: string | undefined, task: string, details: ModelDetails, jsonInput: boolean): object {
  if (text === undefined) return {};
  return { [task === 'generate' ? 'prompt' : 'input']: readInput(text, details, jsonInput) };
}

async function writeStream(
  client: Client,
  model: string,
  body: object,
  json: boolean,
  write: (text: string) => void,
): Promise<void> {
  for await (const { event, data } of client.generateStream(model, body))
    if (json) write(`${JSON.stringify({ event, ...data })}\n`);
    else if (event === 'token') write(data.text);
    else if (event === 'done') write('\n');
}
