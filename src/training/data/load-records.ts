import { UnrollError } from '../../errors.ts';
import { createRng } from '../../random.ts';
import type { DataFile } from '../run/run-messages.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { readRecords, type ReadRecord } from './read-records.ts';

/** Most invalid lines that an error message lists. */
const maxReportedErrors = 5;
/** Random stream of the seed that draws the validation data. */
const splitStream = 1;

/**
 * Reads all records of a file.
 * @throws UnrollError invalid_dataset with the first invalid lines, or for no records
 */
export async function loadRecords(
  file: DataFile,
  task: TrainingSpec['task'],
  field: string,
): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  const errors: string[] = [];
  for await (const read of readRecords(file, task)) {
    if (read.error === null) records.push(read);
    else if (errors.push(`line ${read.line}: ${read.error}`) === maxReportedErrors) break;
  }
  if (errors.length > 0)
    throw new UnrollError('invalid_dataset', `${field}: ${errors.join('; ')}`, { field });
  if (records.length === 0)
    throw new UnrollError('invalid_dataset', `${field}: the file has no records`, { field });
  return records;
}

/**
 * Splits off a share of the records for validation, drawn by the seed; both parts keep their order.
 * @throws UnrollError invalid_dataset if no training records would be left
 */
export function splitRecords<T>(
  records: readonly T[],
  share: number,
  seed: number,
): { training: T[]; validation: T[] } {
  if (share === 0) return { training: [...records], validation: [] };
  if (records.length < 2)
    throw new UnrollError(
      'invalid_dataset',
      `data: ${records.length} record cannot be split: give validation data, or {"share": 0} for none`,
      { field: 'data' },
    );
  const count = Math.min(records.length - 1, Math.max(1, Math.round(records.length * share)));
  const random = createRng(seed, splitStream);
  const order = records.map((_, i) => i);
  // the first `count` of a shuffle (Fisher and Yates)
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(random.next() * (order.length - i));
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  const drawn = new Set(order.slice(0, count));
  return {
    training: records.filter((_, i) => !drawn.has(i)),
    validation: records.filter((_, i) => drawn.has(i)),
  };
}
