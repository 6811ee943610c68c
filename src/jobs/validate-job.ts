import { validateData } from '../training/data/validate-data.ts';
import type { Job } from './job.ts';

const maxReportedLines = 5;

/**
 * Validates a job's data before the job is queued. Files that were validated at upload are not read again.
 * @returns the first errors, or null
 */
export async function validateJob({ data, validation, spec }: Job): Promise<string | null> {
  for (const [field, file] of [
    ['data', data],
    ['validation', validation],
  ] as const) {
    if (!file || file.validatedFor === 'any' || file.validatedFor === spec.task) continue;
    const { errors } = await validateData(file, spec.task);
    if (errors.length === 0) continue;
    const lines = errors.slice(0, maxReportedLines).map(({ line, message }) => `line ${line}: ${message}`);
    return `${field}: ${lines.join('; ')}`;
  }
  return null;
}
