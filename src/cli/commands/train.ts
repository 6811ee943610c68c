import type { Command } from 'commander';
import { settingOptions } from '../setting-options.ts';

const settings = settingOptions(['MODELS', 'TRAINING_THREADS', 'TRAINING_MEMORY_MB', 'SERVER']);

export const addTrainCommand = (program: Command): Command =>
  settings
    .add(program.command('train'))
    .description(
      "train a network from a training job's JSON file, without a server; repeated, it resumes from its last checkpoint",
    )
    .argument('[config]', 'the body of POST /v1/training/jobs; data may be {"file": "train.jsonl"}')
    .option('--work <folder>', 'folder of checkpoints; CONFIG.training by default')
    .option('--follow <job>', 'show the progress of a job on a server instead')
    .action(
      async (
        path: string | undefined,
        options: { readonly work?: string; readonly follow?: string },
        command: Command,
      ) => {
        const { follow, work } = options;
        if ((path === undefined) === (follow === undefined))
          command.error('error: train: expected one CONFIG or --follow JOB');
        const { config } = settings.read({ ...options });
        if (follow !== undefined) {
          const [{ followJob }, { connect }] = await Promise.all([
            import('../follow.ts'),
            import('../connect.ts'),
          ]);
          process.exitCode = await followJob(connect(config), follow);
          return;
        }
        const { trainCommand } = await import('../train.ts');
        process.exitCode = await trainCommand(path!, {
          models: config.MODELS,
          work: work ?? null,
          threads: config.TRAINING_THREADS,
          memoryMegabytes: config.TRAINING_MEMORY_MB,
        });
      },
    );
