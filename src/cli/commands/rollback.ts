import { InvalidArgumentError, type Command } from 'commander';
import { modelVersionPattern } from '../../model-files.ts';
import { settingOptions } from '../setting-options.ts';
import { parseModel } from '../versions/parse-version.ts';

const settings = settingOptions(['SERVER']);

interface Options {
  readonly alias: string;
  readonly to?: number;
  readonly json?: boolean;
}

function parseNumber(text: string): number {
  if (!modelVersionPattern.test(text)) throw new InvalidArgumentError('It must be the number of a version.');
  return Number(text);
}

export const addRollbackCommand = (program: Command): Command =>
  settings
    .add(program.command('rollback'))
    .description('point an alias of a model back at the version before, or at another')
    .argument('<model>', 'name of the model', (text: string) => parseModel(text).model)
    .option('--alias <name>', 'the alias', 'default')
    .option('--to <version>', 'the version; by default the highest below the one of now', parseNumber)
    .option('--json', 'print JSON')
    .action(async (model: string, options: Options) => {
      const [{ connect }, { rollBack }] = await Promise.all([
        import('../connect.ts'),
        import('../versions/roll-back.ts'),
      ]);
      const { from, to } = await rollBack(
        connect(settings.read({ ...options }).config),
        model,
        options.alias,
        options.to,
      );
      console.log(
        options.json
          ? JSON.stringify({ model, alias: options.alias, from, to })
          : `${model}@${options.alias} is version ${to} again, in place of ${from ?? 'one that was deleted'}`,
      );
    });
