import { createInterface } from 'node:readline/promises';
import { CommandError, exitCodes } from './command-error.ts';

/** Asks a question on a terminal. @throws CommandError for any answer but yes, and where there is no terminal */
export async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY) throw new CommandError(`${question} Add --yes`, exitCodes.usage);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  terminal.on('SIGINT', () => process.exit(exitCodes.interrupted));
  const answer = await terminal.question(`${question} [y/N] `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('nothing was changed');
}
