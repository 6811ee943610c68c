import type { CheckedTrainingJob, Dataset, Operations, TrainingCheckpoint, TrainingJob } from './api.ts';
import type { BodyOf, Call } from './call.ts';
import type { JobEvent } from './events.ts';
import { cutStream, readEvents } from './event-stream.ts';
import type { CallOptions, Send, Upload } from './request.ts';

type Query<Id extends 'listTrainingJobs' | 'listTrainingEvents'> = NonNullable<Operations[Id]['query']>;

export interface Jobs {
  create(body: BodyOf<'createTrainingJob'>, options?: CallOptions): Promise<TrainingJob>;
  /** Checks a request as `create` does, and creates nothing. */
  check(body: BodyOf<'createTrainingJob'>, options?: CallOptions): Promise<CheckedTrainingJob>;
  show(id: string, options?: CallOptions): Promise<TrainingJob>;
  list(
    query?: Query<'listTrainingJobs'>,
    options?: CallOptions,
  ): Promise<Operations['listTrainingJobs']['reply']>;
  cancel(id: string, options?: CallOptions): Promise<TrainingJob>;
  pause(id: string, options?: CallOptions): Promise<TrainingJob>;
  resume(id: string, options?: CallOptions): Promise<TrainingJob>;
  events(
    id: string,
    query?: Omit<Query<'listTrainingEvents'>, 'stream'>,
    options?: CallOptions,
  ): Promise<Operations['listTrainingEvents']['reply']>;
  /**
   * Events until the job has ended, from its first or after the id `after`: that of the last event's data goes on
   * where a connection was cut.
   */
  follow(
    id: string,
    from?: { readonly after?: number },
    options?: CallOptions,
  ): AsyncGenerator<JobEvent, void, undefined>;
  checkpoints(id: string, options?: CallOptions): Promise<Operations['listTrainingCheckpoints']['reply']>;
  /**
   * Makes a checkpoint the next version of the job's model, once.
   * @param how the alias to point at it, `default` if none is given: any other leaves the traffic where it is
   */
  publish(
    id: string,
    step: number,
    how?: NonNullable<Operations['publishTrainingCheckpoint']['body']>,
    options?: CallOptions,
  ): Promise<TrainingCheckpoint>;
}

const isOver = (status: unknown): boolean => ['succeeded', 'failed', 'cancelled'].includes(String(status));

export function createJobs(call: Call, send: Send): Jobs {
  const show: Jobs['show'] = (job, options) => call('showTrainingJob', { path: { job } }, options);
  return {
    // the server answers with one or the other by `dry_run`, which types cannot say
    create: (body, options) => call('createTrainingJob', { body }, options) as Promise<TrainingJob>,
    check: (body, options) =>
      call('createTrainingJob', { body, query: { dry_run: 'true' } }, options) as Promise<CheckedTrainingJob>,
    show,
    list: (query = {}, options) => call('listTrainingJobs', { query }, options),
    cancel: (job, options) => call('cancelTrainingJob', { path: { job } }, options),
    pause: (job, options) => call('pauseTrainingJob', { path: { job } }, options),
    resume: (job, options) => call('resumeTrainingJob', { path: { job } }, options),
    events: (job, query = {}, options) => call('listTrainingEvents', { path: { job }, query }, options),
    async *follow(job, { after = 0 } = {}, options = {}) {
      const response = await send(
        'listTrainingEvents',
        { path: { job }, query: { stream: 'true', after } },
        options,
      );
      // it has ended, and there are no more events
      if (response.status === 204) return;
      let over = false;
      for await (const event of readEvents(response, options.signal) as AsyncGenerator<JobEvent>) {
        over ||= event.event === 'status' && isOver(event.data.data['status']);
        yield event;
      }
      // `after` may be past the event that it ended with
      if (!over && !isOver((await show(job, options)).status))
        throw cutStream('the status of a job that is over');
    },
    checkpoints: (job, options) => call('listTrainingCheckpoints', { path: { job } }, options),
    publish: (job, step, how = {}, options) =>
      call('publishTrainingCheckpoint', { path: { job, step }, body: how }, options),
  };
}

const uploadTypes = {
  jsonl: 'application/jsonl',
  json: 'application/json',
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
  text: 'text/plain',
} as const;
export type DatasetFormat = keyof typeof uploadTypes;

export interface Datasets {
  /** Uploads training data, which the server checks line by line. */
  upload(
    data: Upload['data'],
    about: { readonly format: DatasetFormat } & NonNullable<Operations['createDataset']['query']>,
    options?: CallOptions,
  ): Promise<Dataset>;
  show(id: string, options?: CallOptions): Promise<Dataset>;
  list(options?: CallOptions): Promise<Operations['listDatasets']['reply']>;
  delete(id: string, options?: CallOptions): Promise<Dataset>;
}

export const createDatasets = (call: Call): Datasets => ({
  upload: (data, { format, ...query }, options) =>
    call('createDataset', { query, upload: { type: uploadTypes[format], data } }, options),
  show: (dataset, options) => call('showDataset', { path: { dataset } }, options),
  list: (options) => call('listDatasets', {}, options),
  delete: (dataset, options) => call('deleteDataset', { path: { dataset } }, options),
});
