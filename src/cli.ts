import { parseArgs } from 'node:util';
import { BadConfig, describeConfig } from './config.ts';
import { serve } from './main.ts';
import { version } from './version.ts';

const usage = `unroll serve     start the server (settings: UNROLL_* variables)
unroll config    every setting: its default, what is allowed, what it means
unroll version   which version this is
unroll help      this`;

/** Where the server listens is what is most often wrong: said without a stack. */
const isListening = (error: unknown): boolean =>
  ['listen', 'getaddrinfo'].includes((error as NodeJS.ErrnoException).syscall ?? '');

async function run(command: string): Promise<void> {
  if (command === 'serve') await serve(process.env);
  else if (command === 'config')
    for (const { name, default: value, allowed, meaning } of describeConfig())
      console.log(`${name}\n    ${meaning}\n    ${allowed}; ${value === '' ? 'empty' : value} by default`);
  else if (command === 'version') console.log(version);
  else if (command === 'help') console.log(usage);
  else {
    console.error(`there is no command ${command}\n${usage}`);
    process.exitCode = 2;
  }
}

/** A command, or the option that stands for it; null for what is neither. */
function commandOf(args: string[]): string | null {
  try {
    const { positionals, values } = parseArgs({
      args,
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
    });
    if (values.help) return 'help';
    if (values.version) return 'version';
    return positionals.length > 1 ? positionals.join(' ') : (positionals[0] ?? 'help');
  } catch {
    return null;
  }
}

const args = process.argv.slice(2);
try {
  await run(commandOf(args) ?? args.join(' '));
} catch (error) {
  console.error(error instanceof BadConfig || isListening(error) ? (error as Error).message : error);
  process.exit(1);
}
