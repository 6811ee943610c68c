import type { Comparison, Job, JobEvent, JobStatus } from '../job.ts';

// The trials of a comparison as one table, from what their jobs have measured.

export interface TrialReport {
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

export interface ComparisonReport {
  readonly comparison: Comparison;
  readonly metric: string | null;
  readonly lowerIsBetter: boolean;
  /** Best first, those without a score last. */
  readonly trials: readonly TrialReport[];
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

/** @param reports what each trial's job is and has reported, in the order of the comparison's trials */
export function compareTrials(
  comparison: Comparison,
  reports: readonly { readonly job: Job | null; readonly events: readonly JobEvent[] }[],
): ComparisonReport {
  const children = reports.map((report, index) => ({ ...report, trial: comparison.trials[index]! }));
  const measured = children.flatMap(({ events }) => events.filter(({ type }) => type === 'metrics'));
  const metric = metricOf(measured);
  const lowerIsBetter = metric === null || !higher.test(metric);
  const trials = children.map(({ trial, job, events }): TrialReport => {
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
  const worth = ({ score }: TrialReport): number =>
    score === null ? -Infinity : lowerIsBetter ? -score : score;
  return {
    comparison,
    metric,
    lowerIsBetter,
    trials: trials.sort((a, b) => worth(b) - worth(a) || 0),
  };
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
