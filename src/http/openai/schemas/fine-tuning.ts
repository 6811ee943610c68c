import { z } from 'zod';
import { ignoredFields, modelField } from './common-fields.ts';
import { pageQuery } from './files.ts';

const autoOr = (number: z.ZodNumber) =>
  z.union([z.literal('auto'), number], `must be "auto", or a number from 0 excluded to ${number.maxValue}`);
const hyperparameters = z.strictObject({
  n_epochs: autoOr(z.number().positive().max(100_000)).optional(),
  batch_size: autoOr(z.int().positive().max(4096)).optional(),
  learning_rate_multiplier: autoOr(z.number().positive().max(1_000_000))
    .optional()
    .describe('Times the default learning rate of training jobs'),
});
export type Hyperparameters = z.output<typeof hyperparameters>;

export const fineTuningBody = z
  .strictObject({
    model: modelField,
    training_file: z.string().min(1).max(64),
    validation_file: z.string().min(1).max(64).optional(),
    suffix: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,40}$/, 'must be 1 to 40 of A–Z a–z 0–9 _ -')
      .optional()
      .describe('The trained model is `<model>-<suffix>`; by default the suffix is drawn'),
    seed: z.int().min(0).optional(),
    hyperparameters: hyperparameters.optional(),
    method: z
      .strictObject({
        type: z.literal('supervised', 'must be supervised'),
        supervised: z.strictObject({ hyperparameters: hyperparameters.optional() }).optional(),
      })
      .optional(),
    integrations: z.unknown().refine(isEmptyList, 'must be empty; there are none').optional(),
    ...ignoredFields,
  })
  .meta({ examples: [{ model: 'language', training_file: 'file-abc123', suffix: 'mine' }] });
export type FineTuningBody = z.output<typeof fineTuningBody>;

function isEmptyList(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}

export const fineTuningJob = z
  .object({
    id: z.string(),
    object: z.literal('fine_tuning.job'),
    created_at: z.int(),
    finished_at: z.int().nullable(),
    estimated_finish: z.int().nullable(),
    model: z
      .string()
      .describe('The model whose weights the job starts from; its own where it starts from none'),
    fine_tuned_model: z.string().nullable().describe('`name@version` of the published model'),
    status: z.enum(['validating_files', 'queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled']),
    error: z.object({ code: z.string(), message: z.string(), param: z.string().nullable() }).nullable(),
    hyperparameters: z.looseObject({}),
    method: z.looseObject({ type: z.literal('supervised') }),
    training_file: z.string(),
    validation_file: z.string().nullable(),
    seed: z.int(),
    trained_tokens: z.null(),
    organization_id: z.literal('unroll'),
    result_files: z.array(z.string()),
    integrations: z.array(z.unknown()),
  })
  .meta({ id: 'FineTuningJob' });
export const fineTuningEvent = z
  .object({
    id: z.string(),
    object: z.literal('fine_tuning.job.event'),
    created_at: z.int(),
    level: z.enum(['info', 'warn', 'error']),
    message: z.string(),
    type: z.enum(['message', 'metrics']),
    data: z.looseObject({}),
  })
  .meta({ id: 'FineTuningEvent' });
export const fineTuningCheckpoint = z
  .object({
    id: z.string(),
    object: z.literal('fine_tuning.job.checkpoint'),
    created_at: z.int(),
    fine_tuning_job_id: z.string(),
    fine_tuned_model_checkpoint: z.string().nullable().describe('`name@version` where it is published'),
    step_number: z.int(),
    metrics: z.record(z.string(), z.number().nullable()),
  })
  .meta({ id: 'FineTuningCheckpoint' });

const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ object: z.literal('list'), data: z.array(item), has_more: z.boolean() });
export const fineTuningJobList = listOf(fineTuningJob);
export const fineTuningEventList = listOf(fineTuningEvent);
export const fineTuningCheckpointList = listOf(fineTuningCheckpoint);

export const fineTuningParameter = z.object({ job: z.string().min(1).max(100) });
export const fineTuningQuery = pageQuery.extend({
  limit: z.coerce.number().int().min(1).max(1000).default(20),
});
export const eventQuery = fineTuningQuery.extend({
  after: z.coerce.number().int().min(0).default(0).describe('Id of the last event of the page before'),
});
