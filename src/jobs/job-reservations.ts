import { UnrollError } from '../errors.ts';
import type { JobRegistry } from './job-registry.ts';

/** Places for jobs that are not over (UNROLL_TRAINING_QUEUE), and the names of the models they make. */
export interface JobReservations {
  /**
   * Takes a place and a name for each model, or none at all.
   * @returns gives them back; by then the jobs that were created hold their own
   * @throws UnrollError name_taken, too_many_jobs
   */
  reserve(models: readonly string[]): () => void;
}

export function createJobReservations(
  registry: Pick<JobRegistry, 'allUnfinished'>,
  queue: number,
): JobReservations {
  /** Of jobs that are being created. */
  const reserved = new Map<symbol, readonly string[]>();
  return {
    reserve(models) {
      const unfinished = [...registry.allUnfinished()];
      for (const model of models) {
        const rival = unfinished.find(({ spec }) => spec.model === model);
        if (rival)
          throw new UnrollError(
            'name_taken',
            `model: job ${rival.id} makes ${model} already, it is ${rival.status}`,
            { field: 'model' },
          );
        if ([...reserved.values()].some((names) => names.includes(model)))
          throw new UnrollError('name_taken', `model: another job that makes ${model} is being created`, {
            field: 'model',
          });
      }
      const taken = unfinished.length + [...reserved.values()].reduce((sum, names) => sum + names.length, 0);
      if (taken + models.length > queue)
        throw new UnrollError(
          'too_many_jobs',
          `at most ${queue} jobs that are not over (UNROLL_TRAINING_QUEUE): there are ${taken}, ${models.length} more are wanted`,
          { retryAfterSeconds: 60 },
        );
      const key = Symbol('reservation');
      reserved.set(key, models);
      return () => void reserved.delete(key);
    },
  };
}
