import type { Command } from 'commander';
import { ConfigError } from '../../config.ts';
import type { KeyOptions } from '../keys.ts';
import { collect } from '../collect-option.ts';
import { settingOptions } from '../setting-options.ts';

const settings = settingOptions(['API_KEYS_FILE']);

interface FileOption {
  readonly file?: string;
}

const addFileOption = (command: Command): Command =>
  settings.add(command).option('--file <path>', 'file of keys, in place of UNROLL_API_KEYS_FILE');

function findKeysFile(options: FileOption): string {
  const path = options.file ?? settings.read({ ...options }).config.API_KEYS_FILE;
  if (path === '') throw new ConfigError('keys: --file or UNROLL_API_KEYS_FILE must name the file of keys');
  return path;
}

export function addKeysCommand(program: Command): Command {
  const keys = program.command('keys').description('create, list and revoke API keys');
  addFileOption(keys.command('create'))
    .description('add an API key and print it')
    .argument('<name>', 'name of the key')
    .option('--scope <scope>', 'infer, train or admin; repeat for several', collect)
    .option('--model <pattern>', "models that it may use, such as 'lang*'; repeat for several", collect)
    .option('--expires <when>', '90d, or a date')
    .action(async (name: string, options: KeyOptions & FileOption) => {
      const { createKey } = await import('../keys.ts');
      createKey(findKeysFile(options), name, options);
    });
  addFileOption(keys.command('list'))
    .description('show the keys: names, scopes, models, expiry')
    .action(async (options: FileOption) => {
      const { listKeys } = await import('../keys.ts');
      listKeys(findKeysFile(options));
    });
  addFileOption(keys.command('revoke'))
    .description('remove a key')
    .argument('<name>', 'name of the key')
    .action(async (name: string, options: FileOption) => {
      const { revokeKey } = await import('../keys.ts');
      revokeKey(findKeysFile(options), name);
    });
  return keys;
}
