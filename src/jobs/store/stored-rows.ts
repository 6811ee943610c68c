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

// Validates rows read from the disk. An unreadable row is null, so that the others stay usable.

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
  const isValid =
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
  if (!isValid) return null;
  const job = row as unknown as Job;
  // of earlier versions
  const defaults = { publish: 'if_better', force: false, keep: 3 } as const;
  return { ...job, spec: { ...defaults, ...job.spec } };
}

export function parseEventRow(row: Fields | null): JobEvent | null {
  const isValid = row && isText(row['type']) && isText(row['message']) && isObject(row['data']);
  return isValid ? (row as unknown as JobEvent) : null;
}

export function parseCheckpointRow(row: Fields | null): JobCheckpoint | null {
  const isValid = row && isText(row['job']) && isNumber(row['step']) && isObject(row['metrics']);
  return isValid ? (row as unknown as JobCheckpoint) : null;
}

export function parseDatasetRow(row: Fields | null): Dataset | null {
  const isValid = row && isText(row['id']) && isText(row['format']) && isNumber(row['bytes']);
  return isValid ? (row as unknown as Dataset) : null;
}

/** @param legacyStatus computes the status of rows from versions without one */
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
