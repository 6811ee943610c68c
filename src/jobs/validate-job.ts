import { validateData } from '../training/data/validate-data.ts';
import type { Job } from './job.ts';

const reportedLines = 5;

/** Reads a job's data through, so that a wrong line is reported before the job waits. @returns what is wrong with it */
export async function validateJob({ data, validation, spec }: Job): Promise<string | null> {
  for (const [field, file] of [
    ['data', data],
    ['validation', validation],
  ] as const) {
    if (!file) continue;
    const { errors } = await validateData(file, spec.task);
    if (errors.length === 0) continue;
    const lines = errors.slice(0, reportedLines).map(({ line, message }) => `line ${line}: ${message}`);
    return `${field}: ${lines.join('; ')}`;
  }
  return null;
}
