import { randomBytes } from 'node:crypto';
import { UnrollError } from '../errors.ts';
import type { ComparisonRequest } from './comparison-request.ts';
import { isOver, type Comparison, type Job, type JobEvent, type JobStatus } from './job.ts';
import type { JobStore } from './store.ts';
import type { TrainingJobs } from './training-jobs.ts';
import { createTrials } from './trials.ts';

// "Try them all and see which performs better" as one call: a parent, and a job for each trial.

export interface ComparedTrial {
  readonly job: string;
  readonly status: JobStatus;
  readonly cell: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** The best measurement of `metric`. */
  readonly score: number | null;
  readonly parameters: number | null;
  readonly step_ms: number | null;
  readonly seconds_to_target: number | null;
  /** Steps back at which a hundredth of the gradient is left, at the last look. */
  readonly gradient_reach: number | null;
}

export interface Compared {
  readonly comparison: Comparison;
  readonly status: 'running' | 'succeeded' | 'failed' | 'cancelled';
  readonly metric: string | null;
  readonly lowerIsBetter: boolean;
  /** Best first, those without a score last. */
  readonly trials: readonly ComparedTrial[];
}

export interface Comparisons {
  /** @throws UnrollError invalid_request, name_taken … */
  create(request: ComparisonRequest): Promise<Compared>;
  get(id: string): Compared;
  list(): Compared[];
  cancel(id: string): Compared;
}

export function createComparisons(
  store: JobStore,
  jobs: TrainingJobs,
  log: { warn(fields: object, message: string): void },
): Comparisons {
  const find = (id: string): Comparison => {
    const comparison = store.comparison(id);
    if (!comparison) throw new UnrollError('comparison_not_found', `there is no comparison ${id}`);
    return comparison;
  };
  const look = (comparison: Comparison): Compared => compare(comparison, store);

  jobs.onOver(({ comparison: id }) => {
    const comparison = id === null ? null : store.comparison(id);
    if (!comparison || comparison.published !== null) return;
    const compared = look(comparison);
    const [best] = compared.trials;
    if (compared.status !== 'succeeded' || !best) return;
    const step = store.job(best.job)?.best ?? null;
    if (step === null) return;
    jobs.publish(best.job, step, comparison.model).then(
      ({ published }) => store.saveComparison({ ...find(comparison.id), published }),
      (error: unknown) => log.warn({ comparison: id, err: error }, 'the best model could not be published'),
    );
  });

  return {
    async create(request) {
      const trials = await createTrials(request);
      const id = `cmp_${randomBytes(9).toString('hex')}`;
      const created: Comparison['trials'][number][] = [];
      try {
        for (const { cell, settings, spec } of trials) {
          const { id: job } = await jobs.create(spec, { comparison: id });
          created.push({ job, cell, settings });
        }
      } catch (error) {
        for (const { job } of created) if (!isOver(jobs.get(job).status)) jobs.cancel(job);
        throw error;
      }
      const comparison: Comparison = {
        id,
        model: request.model,
        createdAt: Date.now() / 1000,
        request: { ...request, spec: undefined },
        trials: created,
        published: null,
      };
      store.saveComparison(comparison);
      return look(comparison);
    },
    get: (id) => look(find(id)),
    list: () => store.comparisons().map(look),
    cancel(id) {
      for (const { job } of find(id).trials) if (!isOver(jobs.get(job).status)) jobs.cancel(job);
      return look(find(id));
    },
  };
}

const scoreNames = [
  'validation_span_f1',
  'validation_f1',
  'validation_accuracy',
  'validation_token_accuracy',
  'validation_rmse',
  'validation_loss',
  'train_loss',
];
const higher = /accuracy|f1/;

function compare(comparison: Comparison, store: JobStore): Compared {
  const children = comparison.trials.map((trial) => ({
    trial,
    job: store.job(trial.job),
    events: eventsOf(store, trial.job),
  }));
  const measured = children.flatMap(({ events }) => events.filter(({ type }) => type === 'metrics'));
  const metric = metricOf(measured);
  const lowerIsBetter = metric === null || !higher.test(metric);
  const trials = children.map(({ trial, job, events }): ComparedTrial => {
    const marks = events.filter(({ type }) => type === 'metrics');
    return {
      ...trial,
      status: job?.status ?? 'failed',
      score: metric === null ? null : bestOf(marks, metric, lowerIsBetter),
      parameters: numberIn(events.find(({ data }) => 'parameters' in data)?.data['parameters']),
      step_ms: stepMs(marks),
      seconds_to_target: secondsToTarget(comparison, marks),
      gradient_reach: numberIn(events.findLast(({ type }) => type === 'gradient_flow')?.data['reach']),
    };
  });
  const worth = ({ score }: ComparedTrial): number =>
    score === null ? -Infinity : lowerIsBetter ? -score : score;
  return {
    comparison,
    status: statusOf(children.map(({ job }) => job)),
    metric,
    lowerIsBetter,
    trials: trials.sort((a, b) => worth(b) - worth(a) || 0),
  };
}

const eventsOf = (store: JobStore, job: string): JobEvent[] =>
  store.events(job, { limit: 100_000, after: 0 });

function statusOf(jobs: readonly (Job | null)[]): Compared['status'] {
  const statuses = jobs.map((job) => job?.status ?? 'failed');
  if (!statuses.every(isOver)) return 'running';
  if (statuses.includes('succeeded')) return 'succeeded';
  return statuses.includes('failed') ? 'failed' : 'cancelled';
}

/** What trials are ranked by: that which the task scores. */
function metricOf(measured: readonly JobEvent[]): string | null {
  return scoreNames.find((name) => measured.some(({ data }) => name in data)) ?? null;
}

const numberIn = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

function bestOf(marks: readonly JobEvent[], metric: string, lowerIsBetter: boolean): number | null {
  const scores = marks.map(({ data }) => numberIn(data[metric])).filter((score) => score !== null);
  if (scores.length === 0) return null;
  return lowerIsBetter ? Math.min(...scores) : Math.max(...scores);
}

function stepMs(marks: readonly JobEvent[]): number | null {
  const last = marks.at(-1);
  const seconds = numberIn(last?.data['seconds']);
  return last && seconds !== null && last.step > 0 ? (seconds * 1000) / last.step : null;
}

function secondsToTarget({ request }: Comparison, marks: readonly JobEvent[]): number | null {
  const target = request['target'] as { metric: string; value: number } | undefined;
  if (!target) return null;
  const lower = !higher.test(target.metric);
  const reached = marks.find(({ data }) => {
    const value = numberIn(data[target.metric]);
    return value !== null && (lower ? value <= target.value : value >= target.value);
  });
  return numberIn(reached?.data['seconds']);
}
