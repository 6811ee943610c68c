import { UnrollError } from '../../errors.ts';
import { createRng } from '../../random.ts';
import type { DataFile } from '../run/run-messages.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { readRecords, type ReadRecord } from './read-records.ts';

/** As many as are worth reading at once. */
const toldErrors = 5;
/** Random stream of a seed that draws the validation data. */
const splitStream = 1;

/** All of a file. @throws UnrollError invalid_dataset with the first wrong lines, or for a file without records */
export async function loadRecords(
  file: DataFile,
  task: TrainingSpec['task'],
  field: string,
): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  const wrong: string[] = [];
  for await (const read of readRecords(file, task)) {
    if (read.error === null) records.push(read);
    else if (wrong.push(`line ${read.line}: ${read.error}`) === toldErrors) break;
  }
  if (wrong.length > 0) throw new UnrollError('invalid_dataset', `${field}: ${wrong.join('; ')}`, { field });
  if (records.length === 0) throw new UnrollError('invalid_dataset', `${field}: holds no records`, { field });
  return records;
}

/**
 * Takes a share of the records away to measure on, drawn by the seed; both keep their order.
 * @throws UnrollError invalid_dataset when nothing would be left to learn from
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
