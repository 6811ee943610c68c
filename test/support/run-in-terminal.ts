import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface TerminalOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** What is typed after a text has appeared, in order. */
  readonly typed?: readonly (readonly [after: string, keys: string])[];
}

export const ctrlC = '\u{3}';
export const ctrlD = '\u{4}';

const quote = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** Runs a program in a terminal of its own (util-linux' script). @returns its exit code and what it showed */
export async function runInTerminal(program: string, args: readonly string[], options: TerminalOptions = {}) {
  const command = [program, ...args].map(quote).join(' ');
  // a shell in between would end with 130 of its own at Ctrl-C
  const child = spawn('script', ['-qec', `exec ${command}`, '/dev/null'], {
    env: options.env ?? process.env,
  });
  let output = '';
  let seen = 0;
  const waiting = [...(options.typed ?? [])];
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    const at = waiting[0] ? output.indexOf(waiting[0][0], seen) : -1;
    if (at < 0) return;
    seen = output.length;
    child.stdin.write(waiting.shift()![1]);
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}
