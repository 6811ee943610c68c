import type { JobJson } from '../../client/api-json.ts';
import { formatTable } from '../format-table.ts';

/** Jobs in a table for a person. */
export const formatJobs = (jobs: readonly JobJson[]): string[] =>
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
