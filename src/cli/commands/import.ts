import type { Command } from 'commander';
import { addGraphOptions } from '../add-graph-options.ts';
import type { ImportOptions } from '../import.ts';
import { settingOptions } from '../setting-options.ts';

const settings = settingOptions(['MODELS']);

export const addImportCommand = (program: Command): Command =>
  settings
    .add(addGraphOptions(program.command('import')))
    .description('convert a model file to a served model')
    .argument('<file>', 'a model file')
    .requiredOption('--name <name>', 'name of the model')
    .option('--task <task>', 'what it is for: classify, tag, decode, generate or predict')
    .option('--labels <a,b,c>', 'names of its classes, separated by commas')
    .option(
      '--check <inputs.json>',
      'compare with expected outputs: {"input": ids or rows, "output": rows}, or a list',
    )
    .option('--spec <model.json>', 'describes the network of weights without one')
    .action(async (file: string, options: Omit<ImportOptions, 'models'>) => {
      const { MODELS: models } = settings.read({ ...options }).config;
      const { importCommand } = await import('../import.ts');
      process.exitCode = await importCommand(file, { ...options, models });
    });
