import type { z } from 'zod';
import { createServerClient, type ReplyEvent, type Send } from '../client/server-client.ts';
import type { classifyBody, classifyReply } from '../http/v1/schemas/classify.ts';
import type { decodeBody, decodeReply } from '../http/v1/schemas/decode.ts';
import type { embedBody, embedReply } from '../http/v1/schemas/embed.ts';
import type { generateBody, generateReply } from '../http/v1/schemas/generate.ts';
import type { predictBody, predictReply } from '../http/v1/schemas/predict.ts';
import type { tagBody, tagReply } from '../http/v1/schemas/tag.ts';

/** Bodies and replies of a model's calls, as in POST /v1/models/{model}/… */
interface Schemas {
  readonly classify: [typeof classifyBody, typeof classifyReply];
  readonly tag: [typeof tagBody, typeof tagReply];
  readonly decode: [typeof decodeBody, typeof decodeReply];
  readonly generate: [typeof generateBody, typeof generateReply];
  readonly predict: [typeof predictBody, typeof predictReply];
  readonly embed: [typeof embedBody, typeof embedReply];
}
type Body<Task extends keyof Schemas> = Omit<z.input<Schemas[Task][0]>, 'stream'>;
type Reply<Task extends keyof Schemas> = z.output<Schemas[Task][1]>;

/** @throws ServerError with `code` for what the model refuses */
export type ModelCalls = {
  readonly [Task in keyof Schemas]: (body: Body<Task>) => Promise<Reply<Task>>;
} & {
  /** The events of a call with `stream: true`, as they are made. */
  stream<Task extends Exclude<keyof Schemas, 'embed'>>(
    task: Task,
    body: Body<Task>,
  ): AsyncIterable<ReplyEvent>;
};

export function createCalls(model: string, send: Send): ModelCalls {
  const client = createServerClient(model, send);
  const path = `/v1/models/${encodeURIComponent(model)}`;
  const call =
    <Task extends keyof Schemas>(task: Task) =>
    (body: Body<Task>): Promise<Reply<Task>> =>
      client.call('POST', `${path}/${task}`, body);
  return {
    classify: call('classify'),
    tag: call('tag'),
    decode: call('decode'),
    generate: call('generate'),
    predict: call('predict'),
    embed: call('embed'),
    stream: (task, body) => client.stream(`${path}/${task}`, body),
  };
}
