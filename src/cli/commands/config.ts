import type { Command } from 'commander';
import { describeConfig } from '../../config.ts';

export const addConfigCommand = (program: Command): Command =>
  program
    .command('config')
    .description('list every setting with its default, allowed values and meaning')
    .option('--json', 'print JSON')
    .action(({ json }: { readonly json?: boolean }) => {
      const settings = describeConfig();
      if (json) console.log(JSON.stringify(settings));
      else
        for (const { name, default: value, allowed, meaning } of settings)
          console.log(
            `${name}\n    ${meaning}\n    ${allowed}; ${value === '' ? 'empty' : value} by default`,
          );
    });
