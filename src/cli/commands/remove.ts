import type { Command } from 'commander';
import { settingOptions } from '../setting-options.ts';
import { parseModel } from '../versions/parse-version.ts';

const settings = settingOptions(['SERVER']);

interface Options {
  readonly yes?: boolean;
  readonly json?: boolean;
}

export const addRemoveCommand = (program: Command): Command =>
  settings
    .add(program.command('rm'))
    .description(
      'delete a version of a model, or a model with all its versions, from the server and its folder',
    )
    .argument('<model>', 'name@version, or name for all versions', parseModel)
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print JSON')
    .action(async ({ model, version }: ReturnType<typeof parseModel>, options: Options) => {
      const [{ connect }, { confirm }] = await Promise.all([
        import('../connect.ts'),
        import('../confirm.ts'),
      ]);
      const what = version === null ? `${model} with all its versions` : `${model}@${version}`;
      if (!options.yes) await confirm(`Delete ${what}?`);
      const client = connect(settings.read({ ...options }).config);
      const reply = await (version === null
        ? client.call('deleteModel', { path: { model } })
        : client.call('deleteVersion', { path: { model, version } }));
      console.log(options.json ? JSON.stringify(reply) : `deleted ${what}`);
    });
