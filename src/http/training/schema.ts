import { z } from 'zod';
import { streamEvents } from '../v1/schemas/stream-events.ts';
import { comparisonStatuses, jobStatuses } from '../../jobs/job.ts';
import { aliasPattern, defaultAlias } from '../../model-files.ts';

/** The key that made it; null where it was made without one. */
const owner = z.string().nullable().describe('Name of the API key that made it');
const metrics = z.record(z.string(), z.number().nullable());

export const jobParameter = z.object({ job: z.string().min(1).max(100) });
export const page = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(20),
  after: z.string().max(100).optional().describe('Id of the last item of the previous page'),
});

const publication = z
  .object({
    published: z.boolean(),
    reason: z.string(),
    measured: z
      .object({
        metric: z.string(),
        score: z.number().nullable(),
        loss: z.number().nullable(),
        current: z.string().describe('`name@version` that had the traffic'),
        current_score: z.number().nullable(),
        current_loss: z.number().nullable(),
      })
      .optional()
      .describe('Both models on the same validation data, where that decided'),
  })
  .nullable()
  .describe('Whether and why the best checkpoint was published; null before that is decided');

const progressView = z.object({
  epoch: z.int(),
  step: z.int(),
  steps: z.int(),
  loss: z.number(),
  steps_per_second: z.number(),
  seconds_left: z.number().nullable(),
});

export const jobView = z
  .object({
    id: z.string(),
    object: z.literal('training.job'),
    owner,
    status: z.enum(jobStatuses),
    task: z.string(),
    model: z.string().describe('Name of the model to publish'),
    published: z.string().nullable().describe('`name@version` of the published model'),
    publication,
    comparison: z.string().nullable(),
    created_at: z.number(),
    started_at: z.number().nullable(),
    finished_at: z.number().nullable(),
    seed: z.int(),
    progress: progressView.nullable().describe('Null unless the job is running'),
    metrics: metrics.describe('The latest evaluation'),
    best_step: z.int().nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    spec: z.looseObject({}).describe('The request, with all defaults'),
  })
  .meta({ id: 'TrainingJob' });
export const checkedJob = z
  .object({
    object: z.literal('training.job.check'),
    least_bytes: z
      .number()
      .nullable()
      .describe(
        'The least memory of weights, gradients and optimiser state, as far as the request says; null with a base',
      ),
    spec: z.looseObject({}).describe('The request, with all defaults'),
  })
  .meta({ id: 'CheckedTrainingJob' });
export const createQuery = z.object({
  dry_run: z
    .enum(['true', 'false'])
    .default('false')
    .describe('true: checks the request, and creates nothing'),
});
export const jobList = z.object({ object: z.literal('list'), data: z.array(jobView), has_more: z.boolean() });

const eventTypes = ['message', 'metrics', 'gradient_flow', 'checkpoint', 'status'] as const;
export const eventView = z
  .object({
    id: z.int(),
    object: z.literal('training.job.event'),
    created_at: z.number(),
    type: z.enum(eventTypes),
    level: z.string(),
    message: z.string(),
    step: z.int(),
    data: z.looseObject({}),
  })
  .meta({ id: 'TrainingEvent' });
export const eventList = z.object({
  object: z.literal('list'),
  data: z.array(eventView).describe('Oldest first'),
  has_more: z.boolean(),
});
/** Stored events by their type, and `progress`, which is not stored. */
export const trainingEvents = streamEvents('TrainingStreamEvent', {
  ...Object.fromEntries(eventTypes.map((type) => [type, eventView])),
  progress: progressView,
});
export const eventQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  after: z.coerce.number().int().min(0).default(0).describe('Id of the last event of the previous page'),
  stream: z
    .enum(['true', 'false'])
    .default('false')
    .describe('true: server-sent events, as with Accept: text/event-stream'),
});

export const checkpointView = z
  .object({
    object: z.literal('training.job.checkpoint'),
    job: z.string(),
    step: z.int(),
    epoch: z.int(),
    created_at: z.number(),
    metrics,
    best: z.boolean(),
    published: z.string().nullable(),
  })
  .meta({ id: 'TrainingCheckpoint' });
export const checkpointList = z.object({ object: z.literal('list'), data: z.array(checkpointView) });
export const checkpointParameter = z.object({
  job: z.string().min(1).max(100),
  step: z.coerce.number().int().min(0),
});
export const seriesQuery = z.object({
  metric: z.string().min(1).max(100).describe('As in the job’s metrics, for example `validation_loss`'),
  points: z.coerce
    .number()
    .int()
    .min(4)
    .max(2000)
    .default(500)
    .describe('At most so many points: the lowest and the highest of each stretch, where more were measured'),
});
export const seriesView = z
  .object({
    object: z.literal('training.job.series'),
    job: z.string(),
    metric: z.string(),
    points: z.array(z.object({ step: z.int(), value: z.number() })).describe('In order of steps'),
    measured: z.int().describe('How many measurements there are'),
    metrics: z.array(z.string()).describe('Every metric that the job has reported'),
  })
  .meta({ id: 'TrainingSeries' });

export const publishBody = z
  .strictObject({
    alias: z
      .string()
      .regex(aliasPattern, 'must begin with a letter and have at most 64 of A–Z a–z 0–9 _ . -')
      .default(defaultAlias)
      .describe('The alias to point at the version; any other than `default` leaves the traffic where it is'),
    force: z
      .boolean()
      .default(false)
      .describe('Publishes although the task, labels or inputs are not those of the present version'),
  })
  .nullish();

export const datasetView = z
  .object({
    id: z.string(),
    object: z.literal('dataset'),
    owner,
    name: z.string(),
    format: z.enum(['jsonl', 'json', 'csv', 'text']),
    bytes: z.int(),
    records: z.int(),
    created_at: z.number(),
  })
  .meta({ id: 'Dataset' });
export const datasetList = z.object({ object: z.literal('list'), data: z.array(datasetView) });
export const datasetParameter = z.object({ dataset: z.string().min(1).max(100) });
export const datasetQuery = z.object({
  name: z.string().max(200).optional(),
  task: z
    .enum(['classify', 'tag', 'decode', 'generate', 'predict'])
    .optional()
    .describe('Validates every record for this task; without it, records may be any objects'),
});

export const comparisonView = z
  .object({
    id: z.string(),
    object: z.literal('training.comparison'),
    owner,
    model: z.string(),
    status: z.enum(comparisonStatuses),
    error: z
      .object({ code: z.string(), message: z.string() })
      .nullable()
      .describe('Why the best model could not be published'),
    created_at: z.number(),
    published: z.string().nullable(),
    publication,
    metric: z.string().nullable().describe('The metric by which trials are ranked'),
    lower_is_better: z.boolean(),
    trials: z
      .array(
        z.object({
          job: z.string(),
          status: z.enum(jobStatuses),
          cell: z.string(),
          settings: z.looseObject({}),
          score: z.number().nullable(),
          parameters: z.number().nullable(),
          step_ms: z.number().nullable(),
          seconds_to_target: z.number().nullable(),
          gradient_reach: z
            .number()
            .nullable()
            .describe('Number of steps after which 1 % of the gradient remains'),
        }),
      )
      .describe('Best first'),
  })
  .meta({ id: 'Comparison' });
export const comparisonList = z.object({ object: z.literal('list'), data: z.array(comparisonView) });
export const comparisonParameter = z.object({ comparison: z.string().min(1).max(100) });
