import { parseArgs } from 'node:util';
import { BadConfig, describeConfig } from './config.ts';
import { serve } from './main.ts';

const usage = `unroll serve     start the server (settings: UNROLL_* variables)
unroll config    every setting, its default and what it means
unroll help      this`;

const { positionals } = parseArgs({ allowPositionals: true, options: {} });
const [command = 'help'] = positionals;

if (command === 'serve') {
  try {
    await serve(process.env);
  } catch (error) {
    const known = error instanceof BadConfig || (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    console.error(known ? (error as Error).message : error);
    process.exit(1);
  }
} else if (command === 'config') {
  for (const { name, default: value, meaning } of describeConfig())
    console.log(`${name.padEnd(32)} ${value.padEnd(10)} ${meaning}`);
} else if (command === 'help') {
  console.log(usage);
} else {
  console.error(`there is no command ${command}\n${usage}`);
  process.exitCode = 2;
}
