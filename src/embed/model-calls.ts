import type { BodyOf } from '../client/call.ts';
import { createClient } from '../client/index.ts';
import type { StreamedTask, TaskEvent, TaskReplies } from '../client/events.ts';
import type { EmbedReply } from '../client/api.ts';

type Replies = TaskReplies & { readonly embed: EmbedReply };

/** Bodies and replies of a model's calls, as in POST /v1/models/{model}/… @throws UnrollError with `code` for what the model refuses */
export type ModelCalls = {
  readonly [Task in keyof Replies]: (body: BodyOf<Task>) => Promise<Replies[Task]>;
} & {
  /** The events of a call with `stream: true`, as they are made. */
  stream<Task extends StreamedTask>(task: Task, body: BodyOf<Task>): AsyncIterable<TaskEvent<Task>>;
};

/** @param inject sends a request to the server in this process */
export function createCalls(
  model: string,
  inject: (path: string, init?: RequestInit) => Promise<Response>,
): ModelCalls {
  const client = createClient({ url: '', fetch: inject as typeof fetch });
  return {
    classify: (body) => client.classify(model, body),
    tag: (body) => client.tag(model, body),
    decode: (body) => client.decode(model, body),
    generate: (body) => client.generate(model, body),
    predict: (body) => client.predict(model, body),
    embed: (body) => client.embed(model, body),
    stream: (task, body) => client.stream(task, model, body),
  };
}
