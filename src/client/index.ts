import type { EmbedReply, ModelDetails, ModelList } from './api.ts';
import { createBatch, type Batch } from './batch.ts';
import { createCall, createStream, type BodyOf, type Call } from './call.ts';
import { createComparisons, type Comparisons } from './comparisons.ts';
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
  readonly comparisons: Comparisons;
  readonly datasets: Datasets;
  readonly batch: Batch;
  /** Runs a task that is known by its name only when the program runs. */
  run<Task extends StreamedTask | 'embed'>(
    task: Task,
    model: string,
    body: BodyOf<Task>,
    options?: CallOptions,
  ): Promise<(TaskReplies & { embed: EmbedReply })[Task]>;
  /** The same as events. */
  stream<Task extends StreamedTask>(
    task: Task,
    model: string,
    body: BodyOf<Task>,
    options?: CallOptions,
  ): AsyncGenerator<TaskEvent<Task>, void, undefined>;
  /** Any operation of the API, by its id in the OpenAPI document. */
  readonly call: Call;
}

export function createClient(options: ClientOptions): Client {
  const send = createSend(options);
  const call = createCall(send);
  const stream = createStream(send);
  const run: Client['run'] = (task, model, body, callOptions) =>
    call(task, { path: { model }, body } as never, callOptions) as never;
  const runStream: Client['stream'] = (task, model, body, callOptions) =>
    stream(task, { path: { model }, body }, callOptions);
  const task =
    <Name extends StreamedTask>(name: Name): Task<Name> =>
    (...given) =>
      run(name, ...given);
  const taskStream =
    <Name extends StreamedTask>(name: Name): TaskStream<Name> =>
    (...given) =>
      runStream(name, ...given);
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
    embed: (...given) => run('embed', ...given),
    run,
    stream: runStream,
    batch: createBatch(send),
    sessions: createSessions(call, stream),
    jobs: createJobs(call, send),
    comparisons: createComparisons(call),
    datasets: createDatasets(call),
    call,
  };
}

export { UnrollError } from './error.ts';
export type { BatchLine } from './batch.ts';
export type { ClientErrorCode } from './error.ts';
export type { ClientOptions, CallOptions } from './request.ts';
export type { SessionHandle } from './session.ts';
export type { JobEvent, TaskEvent } from './events.ts';
export type * from './api.ts';
