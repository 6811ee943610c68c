import {
  comparisonStatuses,
  jobStatuses,
  type Comparison,
  type ComparisonStatus,
  type Dataset,
  type Job,
  type JobCheckpoint,
  type JobEvent,
  type JobStatus,
} from '../job.ts';

// Rows as they come back from the disk. One that cannot be read is null: it must lose only itself.

type Fields = Readonly<Record<string, unknown>>;

export function parseJsonObject(text: unknown): Fields | null {
  try {
    const value: unknown = JSON.parse(String(text));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isFile = (value: unknown): boolean =>
  isObject(value) && isText(value['path']) && isText(value['format']);

export function parseJobRow(row: Fields | null): Job | null {
  if (!row) return null;
  const { id, spec, status, data, createdAt } = row;
  const usable =
    isText(id) &&
    isObject(spec) &&
    isText(spec['model']) &&
    isText(spec['task']) &&
    isObject(spec['hyperparameters']) &&
    isObject(spec['budget']) &&
    jobStatuses.includes(status as JobStatus) &&
    isFile(data) &&
    (row['validation'] === null || isFile(row['validation'])) &&
    isObject(row['metrics']) &&
    isNumber(createdAt);
  return usable ? (row as unknown as Job) : null;
}

export function parseEventRow(row: Fields | null): JobEvent | null {
  const usable = row && isText(row['type']) && isText(row['message']) && isObject(row['data']);
  return usable ? (row as unknown as JobEvent) : null;
}

export function parseCheckpointRow(row: Fields | null): JobCheckpoint | null {
  const usable = row && isText(row['job']) && isNumber(row['step']) && isObject(row['metrics']);
  return usable ? (row as unknown as JobCheckpoint) : null;
}

export function parseDatasetRow(row: Fields | null): Dataset | null {
  const usable = row && isText(row['id']) && isText(row['format']) && isNumber(row['bytes']);
  return usable ? (row as unknown as Dataset) : null;
}

/** Rows from before comparisons had a status get the one that `legacyStatus` finds. */
export function parseComparisonRow(
  row: Fields | null,
  legacyStatus: (row: Comparison) => ComparisonStatus,
): Comparison | null {
  if (!row || !isText(row['id']) || !isText(row['model']) || !Array.isArray(row['trials'])) return null;
  const comparison = row as unknown as Comparison;
  return comparisonStatuses.includes(comparison.status)
    ? comparison
    : { ...comparison, status: legacyStatus(comparison) };
}
