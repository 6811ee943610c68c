import type { TrainingJob } from '../../client/index.ts';
import { formatTable } from '../format-table.ts';

/** Jobs in a table for a person. */
export const formatJobs = (jobs: readonly TrainingJob[]): string[] =>
  formatTable(
    ['JOB', 'MODEL', 'TASK', 'STATUS', 'STEP', 'PUBLISHED'],
    jobs.map(({ id, model, task, status, progress, published }) => [
      id,
      model,
      task,
      status,
      progress ? `${progress.step}/${progress.steps}` : '–',
      published ?? '–',
    ]),
  );
