import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a program to its end. @returns its exit code, and what it printed to both streams */
export async function runProgram(
  program: string,
  args: string[],
  options: { input?: string; env?: NodeJS.ProcessEnv } = {},
) {
  const child = spawn(program, args, { env: options.env ?? process.env });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}
