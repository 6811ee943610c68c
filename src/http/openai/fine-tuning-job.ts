import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { UnrollError } from '../../errors.ts';
import { isFinished, type Job, type JobCheckpoint, type JobEvent, type JobStatus } from '../../jobs/job.ts';
import type { Progress } from '../../jobs/job-events.ts';
import { modelNamePattern } from '../../model-files.ts';
import type { Repository } from '../../repository/repository-interface.ts';
import { invalidField } from '../../tasks/invalid-field.ts';
import { trainingSpec, type TrainingSpec } from '../../training/training-spec.ts';
import type {
  FineTuningBody,
  fineTuningCheckpoint,
  fineTuningEvent,
  fineTuningJob,
  Hyperparameters,
} from './schemas/fine-tuning.ts';

// Training jobs as fine-tuning jobs.

const defaults = trainingSpec.shape.hyperparameters.parse(undefined);

/** @throws UnrollError invalid_request, model_not_found, model_not_ready, no_sequence_view */
export function toTrainingSpec(body: FineTuningBody, repository: Pick<Repository, 'acquire'>): TrainingSpec {
  const { n_epochs, batch_size, learning_rate_multiplier } = readHyperparameters(body);
  const { name, version, task } = findBase(body.model, repository);
  const model = `${name}-${body.suffix ?? randomBytes(3).toString('hex')}`;
  if (!modelNamePattern.test(model)) invalidField('suffix', `${model} must have at most 64 characters`);
  return trainingSpec.parse({
    model,
    task,
    base: `${name}@${version}`,
    data: { dataset: body.training_file },
    validation: body.validation_file === undefined ? { share: 0 } : { dataset: body.validation_file },
    hyperparameters: {
      ...(batch_size !== undefined && { batch_size }),
      ...(learning_rate_multiplier !== undefined && {
        learning_rate: learning_rate_multiplier * defaults.learning_rate,
      }),
    },
    ...(n_epochs !== undefined && { budget: { epochs: n_epochs } }),
    ...(body.seed !== undefined && { seed: body.seed }),
  });
}

/** Those that are not `auto`. */
const readHyperparameters = ({ method, hyperparameters }: FineTuningBody) =>
  Object.fromEntries(
    Object.entries(method?.supervised?.hyperparameters ?? hyperparameters ?? {}).filter(
      ([, value]) => value !== 'auto',
    ),
  ) as { [Name in keyof Hyperparameters]: Exclude<Hyperparameters[Name], 'auto'> };

function findBase(reference: string, repository: Pick<Repository, 'acquire'>) {
  const lease = repository.acquire(reference);
  lease.release();
  const { name, version, spec } = lease.model;
  if (spec === null)
    throw new UnrollError(
      'no_sequence_view',
      `model: ${name} takes and gives tensors only; it cannot be trained`,
      {
        field: 'model',
      },
    );
  return { name, version, task: spec.task };
}

const statuses: Readonly<Record<JobStatus, z.output<typeof fineTuningJob>['status']>> = {
  validating: 'validating_files',
  queued: 'queued',
  running: 'running',
  paused: 'paused',
  publishing: 'running',
  cancelling: 'running',
  cancelled: 'cancelled',
  succeeded: 'succeeded',
  failed: 'failed',
};

export function viewFineTuningJob(job: Job, progress: Progress | null): z.output<typeof fineTuningJob> {
  const { spec } = job;
  const { batch_size, learning_rate } = spec.hyperparameters;
  const hyperparameters = {
    n_epochs: spec.budget.epochs ?? 'auto',
    batch_size,
    learning_rate_multiplier: Number((learning_rate / defaults.learning_rate).toPrecision(9)),
  };
  const secondsLeft = isFinished(job.status) ? null : (progress?.secondsLeft ?? null);
  return {
    id: job.id,
    object: 'fine_tuning.job',
    created_at: Math.floor(job.createdAt),
    finished_at: job.finishedAt === null ? null : Math.floor(job.finishedAt),
    estimated_finish: secondsLeft === null ? null : Math.ceil(Date.now() / 1000 + secondsLeft),
    model: spec.base ?? spec.model,
    fine_tuned_model: job.published,
    status: statuses[job.status],
    error: job.error && { ...job.error, param: null },
    hyperparameters,
    method: { type: 'supervised', supervised: { hyperparameters } },
    training_file: 'dataset' in spec.data ? spec.data.dataset : 'inline',
    validation_file: 'dataset' in spec.validation ? spec.validation.dataset : null,
    seed: spec.seed,
    trained_tokens: null,
    organization_id: 'unroll',
    result_files: [],
    integrations: [],
  };
}

export const viewFineTuningEvent = (event: JobEvent): z.output<typeof fineTuningEvent> => ({
  id: String(event.id),
  object: 'fine_tuning.job.event',
  created_at: Math.floor(event.createdAt),
  level: event.level,
  message: event.message,
  type: event.type === 'metrics' ? 'metrics' : 'message',
  data: { step: event.step, ...event.data },
});

export const viewFineTuningCheckpoint = ({
  job,
  step,
  createdAt,
  published,
  metrics,
}: JobCheckpoint): z.output<typeof fineTuningCheckpoint> => ({
  id: `${job}:${step}`,
  object: 'fine_tuning.job.checkpoint',
  created_at: Math.floor(createdAt),
  fine_tuning_job_id: job,
  fine_tuned_model_checkpoint: published,
  step_number: step,
  metrics: {
    step,
    ...metrics,
    ...('validation_loss' in metrics && { valid_loss: metrics['validation_loss'] }),
  },
});
