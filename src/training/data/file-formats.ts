import { UnrollError } from '../../errors.ts';
import type { TrainingSpec } from '../training-spec.ts';

type Task = TrainingSpec['task'];

/** The columns of a CSV file, by task; null where it cannot be CSV, none where its columns are named in the job. */
const columns: Readonly<Record<Task, readonly string[] | null>> = {
  classify: ['text', 'label'],
  tag: null,
  decode: ['source', 'target'],
  generate: ['text'],
  predict: [],
};

/** @throws UnrollError invalid_dataset where a CSV file cannot be for a task. @param task null: any */
export function requireColumns(header: readonly string[], line: number, task: Task | null): void {
  if (task === null) return;
  const needed = columns[task];
  if (!needed) throw new UnrollError('invalid_dataset', `line ${line}: ${task} needs JSON records, not CSV`);
  const missing = needed.filter((name) => !header.includes(name));
  if (missing.length > 0)
    throw new UnrollError(
      'invalid_dataset',
      `line ${line}: a CSV file for ${task} needs the columns ${needed.join(' and ')}, has ${header.join(', ').slice(0, 200)}`,
    );
}

/** @throws UnrollError invalid_dataset where plain text cannot be for a task. @param task null: any */
export function requireTextTask(task: Task | null): void {
  if (task !== null && task !== 'generate')
    throw new UnrollError('invalid_dataset', `line 1: plain text is for generate; ${task} needs records`);
}
