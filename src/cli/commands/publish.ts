import type { Command } from 'commander';
import { settingOptions } from '../setting-options.ts';
import { parseVersion } from '../versions/parse-version.ts';

const settings = settingOptions(['SERVER']);

interface Options {
  readonly alias: string;
  readonly json?: boolean;
}

export const addPublishCommand = (program: Command): Command =>
  settings
    .add(program.command('publish'))
    .description(
      'point an alias of a model at a version, which takes its traffic from then on, however good it is',
    )
    .argument('<model@version>', 'the version', parseVersion)
    .option('--alias <name>', 'the alias; callers that name none use default', 'default')
    .option('--json', 'print JSON')
    .action(async (version: ReturnType<typeof parseVersion>, options: Options) => {
      const { connect } = await import('../connect.ts');
      const { alias } = options;
      const reply = await connect(settings.read({ ...options }).config).call('setAlias', {
        path: { model: version.model, alias },
        body: { version: version.version },
      });
      console.log(
        options.json ? JSON.stringify(reply) : `${version.model}@${alias} is version ${version.version}`,
      );
    });
