import type { Command } from 'commander';
import type { Model } from '../../client/index.ts';
import { formatTable } from '../format-table.ts';
import { settingOptions } from '../setting-options.ts';

const settings = settingOptions(['SERVER', 'MODELS']);

export const addListCommand = (program: Command): Command =>
  settings
    .add(program.command('list'))
    .description('list the models of a server, or of the models folder where none runs')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: boolean }) => {
      const { withServer } = await import('../connect.ts');
      const { data } = await withServer(settings.read({ ...options }).config, null, (client) =>
        client.models.list(),
      );
      if (options.json) console.log(JSON.stringify(data));
      else
        for (const line of formatTable(['MODEL', 'TASK', 'VERSIONS', 'STATUS'], data.map(toRow)))
          console.log(line);
    });

const toRow = ({ id, task, version, versions, ready, error }: Model): string[] => [
  version === null ? id : `${id}@${version}`,
  task ?? (ready ? 'tensors only' : '–'),
  versions.join(', '),
  ready ? 'ready' : (error ?? 'not ready'),
];
