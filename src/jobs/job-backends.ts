import type { Training, TrainingOptions } from './create-training.ts';

/** Where jobs are kept and who runs them, by the values of UNROLL_JOBS. Each is imported only where it is asked for. */
const backends = {
  embedded: async (options: TrainingOptions) =>
    (await import('./create-training.ts')).createTraining(options),
  bullmq: async (options: TrainingOptions) =>
    (await import('./redis/create-redis-training.ts')).createRedisTraining(options),
} as const satisfies Record<string, (options: TrainingOptions) => Promise<Training>>;

export const openTraining = (backend: keyof typeof backends, options: TrainingOptions): Promise<Training> =>
  backends[backend](options);
