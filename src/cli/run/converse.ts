import { createInterface } from 'node:readline';
import { styleText } from 'node:util';
import { exitCodes } from '../command-error.ts';
import { describeError } from '../describe-error.ts';
import type { CallModel } from './run-model.ts';

/** Asks for inputs on a terminal and answers each, until the end of the input. What is refused is printed. */
export async function converse(model: string, call: CallModel): Promise<void> {
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: `${styleText('cyan', model)}> `,
  });
  lines.on('SIGINT', () => process.exit(exitCodes.interrupted));
  console.log('An input a line; Ctrl-D ends.');
  lines.prompt();
  for await (const line of lines) {
    if (line !== '')
      try {
        await call(line);
      } catch (error) {
        console.error(describeError(error as Error));
      }
    lines.prompt();
  }
  process.stdout.write('\n');
}

/**
 * Answers the lines of standard input. A line that is refused is named on the error stream, and the others are answered.
 * @returns the exit code
 */
export async function answerLines(call: CallModel): Promise<number> {
  let number = 0;
  let failed = 0;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    number++;
    try {
      await call(line);
    } catch (error) {
      failed++;
      console.error(`line ${number}: ${describeError(error as Error)}`);
    }
  }
  return failed === 0 ? 0 : exitCodes.failed;
}
