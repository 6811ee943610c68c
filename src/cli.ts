import { parseArgs } from 'node:util';
import type { GraphOptions } from './cli/graph-options.ts';
import { ConfigError, describeConfig, readConfig } from './config.ts';
import { version } from './version.ts';

const usage = `unroll serve                 start the server (settings: UNROLL_* variables)
unroll train CONFIG          train a network as CONFIG says, a training job's JSON, without a server;
                             again, it goes on from its last checkpoint
unroll train --follow JOB    show how a job of a server gets on   [--server http://127.0.0.1:8080]
unroll inspect FILE          what a model file of others holds (ONNX, Keras, PyTorch, safetensors, npz) and whether it can be served
unroll import FILE --name N  make it a model here   [--task predict] [--labels a,b,c] [--check inputs.json]
                             both, for what an ONNX graph leaves open:   [--set sr=16000] [--shape input=1,512]
                             [--state h=hn] [--context 64]
unroll config                every setting: its default, what is allowed, what it means
unroll version               which version this is
unroll help                  this`;

/** What people get wrong is said without a stack. */
const isPlain = (error: unknown): boolean =>
  error instanceof ConfigError ||
  ['listen', 'getaddrinfo', 'open'].includes((error as NodeJS.ErrnoException).syscall ?? '') ||
  (error instanceof Error && error.name === 'UnrollError');

interface Command {
  readonly words: readonly string[];
  readonly options: {
    readonly follow?: string | undefined;
    readonly server: string;
    readonly work?: string | undefined;
    readonly name?: string | undefined;
    readonly task?: string | undefined;
    readonly labels?: string | undefined;
    readonly check?: string | undefined;
  } & GraphOptions;
}

/** Each command loads its own code: a server needs no client, and `unroll help` no server. */
async function run({ words: [command = 'help', ...rest], options }: Command): Promise<void> {
  if (command === 'serve' && rest.length === 0) {
    const { serve } = await import('./main.ts');
    await serve(process.env);
  } else if (command === 'train' && options.follow !== undefined && rest.length === 0) {
    const { followJob } = await import('./cli/follow.ts');
    process.exitCode = await followJob(options.server, options.follow);
  } else if (command === 'train' && rest.length === 1) process.exitCode = await train(rest[0]!, options.work);
  else if (command === 'train') refuse('train takes one CONFIG, or --follow JOB and nothing else');
  else if (command === 'inspect' && rest.length === 1) {
    const { inspectCommand } = await import('./cli/inspect.ts');
    process.exitCode = await inspectCommand(rest[0]!, options);
  } else if (command === 'import' && rest.length === 1 && options.name !== undefined) {
    const { importCommand } = await import('./cli/import.ts');
    const { MODELS: models } = readConfig(process.env);
    process.exitCode = await importCommand(rest[0]!, { ...options, name: options.name, models });
  } else if (command === 'inspect') refuse('inspect takes one FILE');
  else if (command === 'import') refuse('import takes one FILE, and --name NAME for the model');
  else if (command === 'config' && rest.length === 0)
    for (const { name, default: value, allowed, meaning } of describeConfig())
      console.log(`${name}\n    ${meaning}\n    ${allowed}; ${value === '' ? 'empty' : value} by default`);
  else if (command === 'version') console.log(version);
  else if (command === 'help') console.log(usage);
  else refuse(`there is no command ${[command, ...rest].join(' ')}`);
}

function refuse(why: string): void {
  console.error(`${why}\n${usage}`);
  process.exitCode = 2;
}

async function train(path: string, work: string | undefined): Promise<number> {
  const { trainCommand } = await import('./cli/train.ts');
  const config = readConfig(process.env);
  return trainCommand(path, {
    models: config.MODELS,
    work: work ?? null,
    threads: config.TRAINING_THREADS,
    memoryMegabytes: config.TRAINING_MEMORY_MB,
  });
}

/** A command with its words, or the option that stands for it. */
function commandOf(args: string[]): Command {
  const fallback = { server: 'http://127.0.0.1:8080' };
  try {
    const { positionals: words, values } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
        follow: { type: 'string' },
        server: { type: 'string', default: fallback.server },
        work: { type: 'string' },
        name: { type: 'string' },
        task: { type: 'string' },
        labels: { type: 'string' },
        check: { type: 'string' },
        set: { type: 'string', multiple: true },
        shape: { type: 'string', multiple: true },
        state: { type: 'string', multiple: true },
        context: { type: 'string' },
      },
    });
    if (values.help) return { words: ['help'], options: fallback };
    return { words: values.version ? ['version'] : words, options: values };
  } catch {
    return { words: [args.join(' ')], options: fallback };
  }
}

try {
  await run(commandOf(process.argv.slice(2)));
} catch (error) {
  console.error(isPlain(error) ? (error as Error).message : error);
  process.exit(1);
}
