import type { Command } from 'commander';
import { serverKeys, settingOptions } from '../setting-options.ts';

// what the servers are given: a worker may be started with the same settings
const settings = settingOptions(serverKeys, { JOBS: 'bullmq' });

export const addTrainWorkerCommand = (program: Command): Command =>
  settings
    .add(program.command('train-worker'))
    .description('run the training jobs of servers with UNROLL_JOBS=bullmq, taken from UNROLL_REDIS_URL')
    .action(async (options: object) => {
      const { config } = settings.read({ ...options });
      const { serveTraining } = await import('../../train-worker.ts');
      await serveTraining(config);
    });
