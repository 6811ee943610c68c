import { UnrollError } from '../../errors.ts';
import type { DataFile } from '../run/run-messages.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { readRecords } from './read-records.ts';

export interface LineError {
  readonly line: number;
  readonly message: string;
}
export interface Validation {
  readonly records: number;
  /** The first invalid lines. */
  readonly errors: readonly LineError[];
}

const maxErrors = 20;

/** Reads and validates a data file. @param task whose record schema is checked; null accepts any object */
export async function validateData(file: DataFile, task: TrainingSpec['task'] | null): Promise<Validation> {
  const errors: LineError[] = [];
  let records = 0;
  try {
    for await (const { line, error } of readRecords(file, task)) {
      if (error === null) records++;
      else if (errors.push({ line, message: error }) === maxErrors) break;
    }
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    const [, line = '0', message = error.message] = /^line (\d+): (.*)$/.exec(error.message) ?? [];
    errors.push({ line: Number(line), message });
  }
  return { records, errors };
}
