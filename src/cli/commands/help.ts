import type { Command } from 'commander';
import { findNearestName } from '../nearest-name.ts';

export const addHelpCommand = (program: Command): Command =>
  program
    .helpCommand(false)
    .command('help')
    .description('print the commands, or what a command takes')
    .argument('[command...]', 'words of a command, such as session rewind')
    .action((words: readonly string[]) => {
      let command = program;
      for (const word of words) command = findCommand(command, word);
      command.outputHelp();
    });

/** @throws CommanderError where there is none of this name */
function findCommand(command: Command, name: string): Command {
  const names = command.commands.map((one) => one.name());
  const found = command.commands.find((one) => one.name() === name);
  if (found) return found;
  const near = findNearestName(name, names);
  return command.error(`error: unknown command '${name}'${near === null ? '' : `\n(Did you mean ${near}?)`}`);
}
