import type { JobEvent } from './job.ts';
import type { JobStore } from './store/store.ts';

// A metric of a job over its steps, of few points however many were measured.

export interface SeriesPoint {
  readonly step: number;
  readonly value: number;
}

export interface MetricSeries {
  readonly metric: string;
  /** In order of steps. */
  readonly points: readonly SeriesPoint[];
  /** How many measurements there are. */
  readonly measured: number;
  /** Every metric that the job has reported. */
  readonly metrics: readonly string[];
}

const pageSize = 1000;
/** Events that are read for one answer. */
const maxEvents = 200_000;

/** Reads a metric of a job. @param limit points in the answer */
export async function readSeries(
  store: Pick<JobStore, 'events'>,
  job: string,
  metric: string,
  limit: number,
): Promise<MetricSeries> {
  const points: SeriesPoint[] = [];
  const metrics = new Set<string>();
  let after = 0;
  for (let read = 0; read < maxEvents; read += pageSize) {
    const page = await store.events(job, { limit: pageSize, after });
    for (const event of page) addPoint(event, metric, points, metrics);
    if (page.length < pageSize) break;
    after = page.at(-1)!.id;
  }
  return { metric, points: downsample(points, limit), measured: points.length, metrics: [...metrics].sort() };
}

function addPoint(
  { type, step, data }: JobEvent,
  metric: string,
  points: SeriesPoint[],
  metrics: Set<string>,
): void {
  if (type !== 'metrics') return;
  for (const [name, value] of Object.entries(data)) if (typeof value === 'number') metrics.add(name);
  const value = data[metric];
  if (typeof value === 'number' && Number.isFinite(value)) points.push({ step, value });
}

/**
 * Reduces a curve to `limit` points or fewer: the lowest and the highest of each stretch of equally many points, so that no peak is
 * lost, with the first and the last point.
 */
export function downsample(points: readonly SeriesPoint[], limit: number): readonly SeriesPoint[] {
  if (points.length <= limit) return points;
  const inner = points.slice(1, -1);
  const stretches = Math.floor((limit - 2) / 2);
  const kept: SeriesPoint[] = [points[0]!];
  for (let i = 0; i < stretches; i++) {
    const from = Math.floor((i * inner.length) / stretches);
    const to = Math.floor(((i + 1) * inner.length) / stretches);
    let [low, high] = [from, from];
    for (let at = from + 1; at < to; at++) {
      if (inner[at]!.value < inner[low]!.value) low = at;
      if (inner[at]!.value > inner[high]!.value) high = at;
    }
    kept.push(inner[Math.min(low, high)]!);
    if (low !== high) kept.push(inner[Math.max(low, high)]!);
  }
  kept.push(points.at(-1)!);
  return kept;
}
