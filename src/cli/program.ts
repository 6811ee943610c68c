import { styleText } from 'node:util';
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config.ts';
import { version } from '../version.ts';
import { UnrollError } from '../client/error.ts';
import { CommandError, exitCodes } from './command-error.ts';
import { describeError } from './describe-error.ts';
import { commandGroups } from './registry.ts';

/** Commands that end in their own way when they are interrupted. */
const handleSignals: ReadonlySet<string> = new Set(['serve', 'train-worker', 'train']);

const footer = `
Examples:
  unroll serve --port 9170                    serve the folder models
  unroll run language "Tous les êtres"        call a model, on a server or in this process
  unroll help session                         what a command takes

Commands call the server at --server or UNROLL_SERVER, else the one at UNROLL_PORT of this machine, with the key in UNROLL_API_KEY.
Exit codes: 0 done, 1 failed or refused, 2 wrong arguments or settings, 3 no server, 130 Ctrl-C. Reference: docs/command-line.md`;

/** Builds the program with all commands. It runs nothing. */
export function buildProgram(): Command {
  const program = new Command('unroll')
    .description('Serves and trains recurrent networks')
    .version(version, '-v, --version', 'print the version')
    .configureHelp({
      styleTitle: (text) => styleText('bold', text),
      styleSubcommandTerm: (text) => styleText('cyan', text),
      styleOptionTerm: (text) => styleText('cyan', text),
      // as often as needed; without it, descriptions are cut at 80 columns in a pipe
      ...(process.stdout.isTTY ? {} : { helpWidth: 120 }),
    })
    .showHelpAfterError('`unroll help` lists the commands, `unroll help COMMAND` what one takes.')
    .addHelpText('after', footer)
    .exitOverride();
  for (const { heading, commands } of commandGroups) {
    program.commandsGroup(heading);
    for (const add of commands) inherit(add(program));
  }
  program.hook('preAction', (_, command) => {
    const { name } = topCommand(command);
    if (!handleSignals.has(name)) process.once('SIGINT', () => process.exit(exitCodes.interrupted));
  });
  return program;
}

/** Commands below a command fail as it does. */
function inherit(command: Command): void {
  command.exitOverride();
  for (const inner of command.commands) inherit(inner);
}

function topCommand(command: Command): { readonly name: string } {
  let top = command;
  while (top.parent?.parent) top = top.parent;
  return { name: top.name() };
}

/**
 * Runs a command line, and prints the error that it ends with.
 * @param args without node and the script
 * @returns the exit code, unless the command has set `process.exitCode`
 */
export async function runCommandLine(args: readonly string[]): Promise<number | undefined> {
  // a reader that has seen enough, such as head, is no error
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : exitCodes.failed);
  });
  try {
    await buildProgram().parseAsync(args.length === 0 ? ['help'] : [...args], { from: 'user' });
    return undefined;
  } catch (error) {
    // commander has printed it
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
    console.error(isUserError(error) ? describeError(error) : error);
    if (error instanceof UnrollError && error.code === 'connection_failed') {
      console.error('Start a server with `unroll serve`, or name one with --server or UNROLL_SERVER.');
      return exitCodes.unreachable;
    }
    if (error instanceof ConfigError) return exitCodes.usage;
    return error instanceof CommandError ? error.exitCode : exitCodes.failed;
  }
}

/** Whether an error is reported by its message alone: user errors have no stack. */
const isUserError = (error: unknown): error is Error =>
  error instanceof ConfigError ||
  error instanceof CommandError ||
  (error instanceof Error && (error.name === 'UnrollError' || 'syscall' in error));
