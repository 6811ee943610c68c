import type { Comparison, Job, JobEvent, JobStatus } from '../job.ts';

// Ranks the trials of a comparison by the metrics that their jobs reported.

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
  /** The last reported gradient reach: how many steps back 1 % of the gradient is left. */
  readonly gradient_reach: number | null;
}

export interface ComparisonReport {
  readonly comparison: Comparison;
  readonly metric: string | null;
  readonly lowerIsBetter: boolean;
  /** Sorted by score, best first; trials without a score last. */
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
const higherIsBetter = /accuracy|f1/;

/** @param reports the job and the events of each trial, in the order of the comparison's trials */
export function compareTrials(
  comparison: Comparison,
  reports: readonly { readonly job: Job | null; readonly events: readonly JobEvent[] }[],
): ComparisonReport {
  const rows = reports.map((report, index) => ({ ...report, trial: comparison.trials[index]! }));
  const measured = rows.flatMap(({ events }) => events.filter(({ type }) => type === 'metrics'));
  const metric = chooseMetric(measured);
  const lowerIsBetter = metric === null || !higherIsBetter.test(metric);
  const trials = rows.map(({ trial, job, events }): TrialReport => {
    const measurements = events.filter(({ type }) => type === 'metrics');
    return {
      ...trial,
      status: job?.status ?? 'failed',
      score: metric === null ? null : findBestScore(measurements, metric, lowerIsBetter),
      parameters: toFiniteNumber(events.find(({ data }) => 'parameters' in data)?.data['parameters']),
      step_ms: stepMs(measurements),
      seconds_to_target: secondsToTarget(comparison, measurements),
      gradient_reach: toFiniteNumber(events.findLast(({ type }) => type === 'gradient_flow')?.data['reach']),
    };
  });
  const toRank = ({ score }: TrialReport): number =>
    score === null ? -Infinity : lowerIsBetter ? -score : score;
  return {
    comparison,
    metric,
    lowerIsBetter,
    trials: trials.sort((a, b) => toRank(b) - toRank(a) || 0),
  };
}

/** The first of `scoreNames` that any trial measured. */
function chooseMetric(measured: readonly JobEvent[]): string | null {
  return scoreNames.find((name) => measured.some(({ data }) => name in data)) ?? null;
}

const toFiniteNumber = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

function findBestScore(
  measurements: readonly JobEvent[],
  metric: string,
  lowerIsBetter: boolean,
): number | null {
  const scores = measurements
    .map(({ data }) => toFiniteNumber(data[metric]))
    .filter((score) => score !== null);
  if (scores.length === 0) return null;
  return lowerIsBetter ? Math.min(...scores) : Math.max(...scores);
}

function stepMs(measurements: readonly JobEvent[]): number | null {
  const last = measurements.at(-1);
  const seconds = toFiniteNumber(last?.data['seconds']);
  return last && seconds !== null && last.step > 0 ? (seconds * 1000) / last.step : null;
}

function secondsToTarget({ request }: Comparison, measurements: readonly JobEvent[]): number | null {
  const target = request['target'] as { metric: string; value: number } | undefined;
  if (!target) return null;
  const lower = !higherIsBetter.test(target.metric);
  const reached = measurements.find(({ data }) => {
    const value = toFiniteNumber(data[target.metric]);
    return value !== null && (lower ? value <= target.value : value >= target.value);
  });
  return toFiniteNumber(reached?.data['seconds']);
}
