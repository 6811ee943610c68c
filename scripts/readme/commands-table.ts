import { buildProgram } from '../../src/cli/program.ts';

/** The table of commands, from the program; those below a command have lines of their own. */
export function commandsTable(): string {
  const rows = buildProgram().commands.flatMap((command) =>
    (command.commands.length === 0 ? [command] : command.commands).map((one) => {
      const words = one === command ? one.name() : `${command.name()} ${one.name()}`;
      const args = one.registeredArguments.map((argument) =>
        argument.required ? argument.name().toUpperCase() : `[${argument.name().toUpperCase()}]`,
      );
      return `| \`${['unroll', words, ...args].join(' ')}\` | ${one.description().replaceAll('|', '\\|')} |`;
    }),
  );
  return ['| command | what it does |', '|---|---|', ...rows].join('\n');
}
