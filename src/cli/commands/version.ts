import type { Command } from 'commander';
import { version } from '../../version.ts';

export const addVersionCommand = (program: Command): Command =>
  program
    .command('version')
    .description('print the version')
    .action(() => console.log(version));
