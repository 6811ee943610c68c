import type { ClassifyReply, DecodeReply, GenerateReply, Operations, PredictReply, TagReply } from './api.ts';

/** The reply of each task that has a stream. */
export interface TaskReplies {
  classify: ClassifyReply;
  tag: TagReply;
  decode: DecodeReply;
  generate: GenerateReply;
  predict: PredictReply;
}
export type StreamedTask = keyof TaskReplies;

/** The events that a reader gets, discriminated by `event`: one of `error` is thrown. @template Last what `done` has, too */
type Given<Event, Last = unknown> = Event extends { event: infer Name; data: infer Data }
  ? Name extends 'error'
    ? never
    : { readonly event: Name; readonly data: Name extends 'done' ? Data & Last : Data }
  : never;

/** The events of a task's stream; the last one is `done`, with the whole reply. @template Last what that has, too */
export type TaskEvent<Task extends StreamedTask, Last = unknown> = Task extends StreamedTask
  ? Given<Operations[Task]['events'], Last>
  : never;

/** The events of a training job. Those of progress come a few times a second and are not stored. */
export type JobEvent = Given<Operations['listTrainingEvents']['events']>;
