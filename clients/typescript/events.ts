import type {
  ClassifyReply,
  DecodeReply,
  GenerateReply,
  InsideLayer,
  PredictReply,
  TagReply,
  TrainingEvent,
  TrainingJob,
} from './api.ts';

// The events of streams. They are discriminated by `event`; the last one is `done`, with the whole reply.

interface Event<Name extends string, Data> {
  readonly event: Name;
  readonly data: Data;
}

/** What `include` asks for, of one step: arrays of [units], or base64. */
interface StepInside {
  inside?: (Pick<InsideLayer, 'layer' | 'direction' | 'shape'> & {
    hidden?: number[] | string;
    cell?: number[] | string;
    gates?: Record<string, number[] | string>;
  })[];
}
type Prediction = Omit<ClassifyReply['predictions'][number], 'inside'>;
type Token = TagReply['predictions'][number]['tokens'][number];
type Logprob = NonNullable<GenerateReply['generations'][number]['logprobs']>[number];

/** The reply of each task that has a stream. */
export interface TaskReplies {
  classify: ClassifyReply;
  tag: TagReply;
  decode: DecodeReply;
  generate: GenerateReply;
  predict: PredictReply;
}
export type StreamedTask = keyof TaskReplies;

interface StepEvents {
  /** The label so far, after each step. */
  classify: Event<'step', { step: number } & Prediction & StepInside>;
  tag: Event<'token', Token & StepInside>;
  /** A token that is certain. */
  decode: Event<'token', { index: number; text: string; id: number; logprob: number }>;
  /** `choice` is the index of its text in the reply's generations. */
  generate: Event<'token', Omit<Logprob, 'top'> & { choice: number; top?: Logprob['top'] } & StepInside>;
  predict: Event<'step', { step: number; output: number[] } & StepInside>;
}

/** The events of a task's stream. @template More what the reply has beside the task's own fields */
export type TaskEvent<Task extends StreamedTask, More = unknown> = Task extends StreamedTask
  ? StepEvents[Task] | Event<'done', TaskReplies[Task] & More>
  : never;

/** The events of a training job. Those of progress come a few times a second and are not stored. */
export type JobEvent =
  | Event<'progress', NonNullable<TrainingJob['progress']>>
  | Event<'message' | 'metrics' | 'gradient_flow' | 'checkpoint' | 'status', TrainingEvent>;
