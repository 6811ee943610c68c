import { UnrollError } from '../errors.ts';
import { isVisible, type Job, type Viewer } from './job.ts';
import type { JobRegistry } from './job-registry.ts';

/** Enforces the limit of unfinished jobs (UNROLL_TRAINING_QUEUE), and one unfinished job per model name. */
export interface JobReservations {
  /**
   * Reserves capacity and the name for each model, or for none.
   * @param viewer is told which job has the name, if it is theirs
   * @returns releases the reservation; jobs created by then count as unfinished themselves
   * @throws UnrollError name_taken, too_many_jobs
   */
  reserve(models: readonly string[], viewer: Viewer): (() => void) | Promise<() => void>;
}

export function createJobReservations(registry: Pick<JobRegistry, 'allUnfinished'>, maxUnfinished: number) {
  /** Model names of jobs that are being created. */
  const reserved = new Map<symbol, readonly string[]>();
  return {
    reserve(models: readonly string[], viewer: Viewer): () => void {
      const unfinished = [...registry.allUnfinished()];
      for (const model of models) {
        const existing = unfinished.find(({ spec }) => spec.model === model);
        if (existing) throw nameTaken(model, existing, viewer);
        if ([...reserved.values()].some((names) => names.includes(model))) throw nameReserved(model);
      }
      const count = unfinished.length + [...reserved.values()].reduce((sum, names) => sum + names.length, 0);
      if (count + models.length > maxUnfinished) throw tooManyJobs(maxUnfinished, count, models.length);
      const key = Symbol('reservation');
      reserved.set(key, models);
      return () => void reserved.delete(key);
    },
  };
}

/** @param job that trains the model; null for one that has just finished */
export const nameTaken = (model: string, job: Job | null, viewer: Viewer): UnrollError =>
  new UnrollError(
    'name_taken',
    job && isVisible(job, viewer)
      ? `model: "${model}" is being trained by job ${job.id}, which is ${job.status}`
      : `model: "${model}" is being trained by a job of another key`,
    { field: 'model' },
  );

export const nameReserved = (model: string): UnrollError =>
  new UnrollError('name_taken', `model: another job for "${model}" is being created`, { field: 'model' });

export const tooManyJobs = (maxUnfinished: number, unfinished: number, requested: number): UnrollError =>
  new UnrollError(
    'too_many_jobs',
    `at most ${maxUnfinished} unfinished jobs (UNROLL_TRAINING_QUEUE): there are ${unfinished}, ${requested} more were requested`,
    { retryAfterSeconds: 60 },
  );
