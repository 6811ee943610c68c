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
  /** The first ones. */
  readonly errors: readonly LineError[];
}

const mostErrors = 20;

/** Reads a data file through, and keeps nothing of it. @param task null where it is not known yet: any object will do */
export async function validateData(file: DataFile, task: TrainingSpec['task'] | null): Promise<Validation> {
  const errors: LineError[] = [];
  let records = 0;
  try {
    for await (const { line, error } of readRecords(file, task)) {
      if (error === null) records++;
      else if (errors.push({ line, message: error }) === mostErrors) break;
    }
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    const [, line = '0', message = error.message] = /^line (\d+): (.*)$/.exec(error.message) ?? [];
    errors.push({ line: Number(line), message });
  }
  return { records, errors };
}
