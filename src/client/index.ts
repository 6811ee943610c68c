import type { EmbedReply, ModelDetails, ModelList } from './api.ts';
import { createCall, createStream, type BodyOf, type Call } from './call.ts';
import type { StreamedTask, TaskEvent, TaskReplies } from './events.ts';
import { createSend, type CallOptions, type ClientOptions } from './request.ts';
import { createSessions, type Sessions } from './session.ts';
import { createDatasets, createJobs, type Datasets, type Jobs } from './training.ts';

// A client of the API, for Node ≥ 20 and browsers: it needs `fetch` alone.

/** Runs a task of a model, `name` or `name@version`. */
type Task<Name extends StreamedTask> = (
  model: string,
  body: BodyOf<Name>,
  options?: CallOptions,
) => Promise<TaskReplies[Name]>;
/**
 * The same as events: the request is sent when the first one is asked for, a `break` or the signal ends it. The last
 * one is `done`, with the reply; a stream that ends without throws.
 */
type TaskStream<Name extends StreamedTask> = (
  model: string,
  body: BodyOf<Name>,
  options?: CallOptions,
) => AsyncGenerator<TaskEvent<Name>, void, undefined>;

export interface Client {
  readonly models: {
    list(options?: CallOptions): Promise<ModelList>;
    show(model: string, options?: CallOptions): Promise<ModelDetails>;
  };
  readonly classify: Task<'classify'>;
  readonly classifyStream: TaskStream<'classify'>;
  readonly tag: Task<'tag'>;
  readonly tagStream: TaskStream<'tag'>;
  readonly decode: Task<'decode'>;
  readonly decodeStream: TaskStream<'decode'>;
  readonly generate: Task<'generate'>;
  readonly generateStream: TaskStream<'generate'>;
  readonly predict: Task<'predict'>;
  readonly predictStream: TaskStream<'predict'>;
  embed(model: string, body: BodyOf<'embed'>, options?: CallOptions): Promise<EmbedReply>;
  readonly sessions: Sessions;
  readonly jobs: Jobs;
  readonly datasets: Datasets;
  /** Any operation of the API, by its id in the OpenAPI document. */
  readonly call: Call;
}

export function createClient(options: ClientOptions): Client {
  const send = createSend(options);
  const call = createCall(send);
  const stream = createStream(send);
  const task =
    <Name extends StreamedTask>(name: Name): Task<Name> =>
    (model, body, callOptions) =>
      call(name, { path: { model }, body } as never, callOptions) as Promise<TaskReplies[Name]>;
  const taskStream =
    <Name extends StreamedTask>(name: Name): TaskStream<Name> =>
    (model, body, callOptions) =>
      stream(name, { path: { model }, body }, callOptions);
  return {
    models: {
      list: (callOptions) => call('listModels', {}, callOptions),
      show: (model, callOptions) => call('showModel', { path: { model } }, callOptions),
    },
    classify: task('classify'),
    classifyStream: taskStream('classify'),
    tag: task('tag'),
    tagStream: taskStream('tag'),
    decode: task('decode'),
    decodeStream: taskStream('decode'),
    generate: task('generate'),
    generateStream: taskStream('generate'),
    predict: task('predict'),
    predictStream: taskStream('predict'),
    embed: (model, body, callOptions) => call('embed', { path: { model }, body }, callOptions),
    sessions: createSessions(call, stream),
    jobs: createJobs(call, send),
    datasets: createDatasets(call),
    call,
  };
}

export { UnrollError } from './error.ts';
export type { ClientErrorCode } from './error.ts';
export type { ClientOptions, CallOptions } from './request.ts';
export type { SessionHandle } from './session.ts';
export type { JobEvent, TaskEvent } from './events.ts';
export type * from './api.ts';
