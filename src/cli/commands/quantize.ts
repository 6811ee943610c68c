import type { Command } from 'commander';
import { settingOptions } from '../setting-options.ts';

const settings = settingOptions(['MODELS', 'MEMORY_MB']);

export const addQuantizeCommand = (program: Command): Command =>
  settings
    .add(program.command('quantize'))
    .description("measure a model's quantised weights on held-out records and publish a version with them")
    .argument('<model>', 'name or name@version')
    .requiredOption('--precision <precision>', 'int8 or int16')
    .requiredOption('--data <file>', 'held-out records, as for training')
    .action(async (model: string, options: { readonly precision: string; readonly data: string }) => {
      const { MODELS: models, MEMORY_MB: memoryMegabytes } = settings.read({ ...options }).config;
      const { quantizeCommand } = await import('../quantize.ts');
      const { precision, data } = options;
      process.exitCode = await quantizeCommand(model, { models, precision, data, memoryMegabytes });
    });
