import type { z } from 'zod';
import type { CheckedJob } from '../../jobs/check-job.ts';
import type { ComparisonReport } from '../../jobs/comparisons/compare-trials.ts';
import type { Dataset, Job, JobCheckpoint, JobEvent } from '../../jobs/job.ts';
import type { MetricSeries } from '../../jobs/metric-series.ts';
import type { FollowedEvent, Progress } from '../../jobs/job-events.ts';
import type { ServerEvent } from '../server-event.ts';
import type {
  checkedJob,
  checkpointView,
  comparisonView,
  datasetView,
  eventView,
  jobView,
  seriesView,
} from './schema.ts';

// Converts jobs, events, checkpoints, datasets and comparisons to the API's JSON.

const viewProgress = ({ epoch, step, steps, loss, stepsPerSecond, secondsLeft }: Progress) => ({
  epoch,
  step,
  steps,
  loss,
  steps_per_second: stepsPerSecond,
  seconds_left: secondsLeft,
});

export const viewJob = (job: Job, progress: Progress | null): z.output<typeof jobView> => ({
  id: job.id,
  object: 'training.job',
  owner: job.owner ?? null,
  status: job.status,
  task: job.spec.task,
  model: job.spec.model,
  published: job.published,
  publication: job.publication ?? null,
  comparison: job.comparison,
  created_at: job.createdAt,
  started_at: job.startedAt,
  finished_at: job.finishedAt,
  seed: job.spec.seed,
  progress: progress && viewProgress(progress),
  metrics: { ...job.metrics },
  best_step: job.best,
  error: job.error,
  spec: { ...job.spec },
});

export const viewCheckedJob = ({ spec, leastBytes }: CheckedJob): z.output<typeof checkedJob> => ({
  object: 'training.job.check',
  least_bytes: leastBytes,
  spec: { ...spec },
});

export const viewEvent = (event: JobEvent): z.output<typeof eventView> => ({
  id: event.id,
  object: 'training.job.event',
  created_at: event.createdAt,
  type: event.type,
  level: event.level,
  message: event.message,
  step: event.step,
  data: { ...event.data },
});

/** Converts an event of a stream: stored events have ids, with which a client resumes the stream. */
export const viewFollowed = (followed: FollowedEvent): ServerEvent =>
  followed.kind === 'event'
    ? { event: followed.event.type, id: followed.event.id, data: viewEvent(followed.event) }
    : { event: 'progress', id: null, data: viewProgress(followed.progress) };

export const viewCheckpoint = (checkpoint: JobCheckpoint): z.output<typeof checkpointView> => ({
  object: 'training.job.checkpoint',
  job: checkpoint.job,
  step: checkpoint.step,
  epoch: checkpoint.epoch,
  created_at: checkpoint.createdAt,
  metrics: { ...checkpoint.metrics },
  best: checkpoint.best,
  published: checkpoint.published,
});

export const viewSeries = (
  job: string,
  { metric, points, measured, metrics }: MetricSeries,
): z.output<typeof seriesView> => ({
  object: 'training.job.series',
  job,
  metric,
  points: points.map((point) => ({ ...point })),
  measured,
  metrics: [...metrics],
});

export const viewDataset = (dataset: Dataset): z.output<typeof datasetView> => {
  const { id, owner = null, name, format, bytes, records, createdAt } = dataset;
  return { id, owner, name, format, bytes, records, object: 'dataset', created_at: createdAt };
};

export const viewComparison = ({
  comparison,
  metric,
  lowerIsBetter,
  trials,
}: ComparisonReport): z.output<typeof comparisonView> => ({
  id: comparison.id,
  object: 'training.comparison',
  owner: comparison.owner ?? null,
  model: comparison.model,
  status: comparison.status,
  error: comparison.error ?? null,
  created_at: comparison.createdAt,
  published: comparison.published,
  publication: comparison.publication ?? null,
  metric,
  lower_is_better: lowerIsBetter,
  trials: trials.map((trial) => ({ ...trial, settings: { ...trial.settings } })),
});
