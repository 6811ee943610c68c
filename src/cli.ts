import { parseArgs } from 'node:util';
import type { GraphOptions } from './cli/graph-options.ts';
import type { KeyOptions } from './cli/keys.ts';
import { ConfigError, describeConfig, readConfig } from './config.ts';
import { removeServiceVariables } from './service-variables.ts';
import { version } from './version.ts';

const usage = `unroll serve                 start the server (settings: UNROLL_* variables)
unroll train-worker          run the training jobs of servers with UNROLL_JOBS=bullmq, taken from UNROLL_REDIS_URL
unroll train CONFIG          train a network from a training job's JSON file, without a server;
                             repeated, it resumes from its last checkpoint
unroll train --follow JOB    show the progress of a job on a server   [--server http://127.0.0.1:8080]
unroll inspect FILE          show the content of a model file (ONNX, Keras, PyTorch, safetensors, npz) and whether it can be served
                             [--template prints a model.json to complete, for weights without a network]
unroll import FILE --name N  convert a model file to a served model   [--task predict] [--labels a,b,c] [--check inputs.json]
                             [--spec model.json, which describes the network of weights without one]
                             inspect and import, for open inputs of an ONNX graph:   [--set sr=16000] [--shape input=1,512]
                             [--state h=hn] [--context 64]
unroll quantize MODEL --precision int8 --data FILE
                             measure a model's quantised weights (int8 or int16) on held-out records and publish a version with them
unroll keys create NAME      add an API key and print it   [--scope infer] [--scope train] [--scope admin]
                             [--model 'lang*'] [--expires 90d or a date]
unroll keys list             show the keys: names, scopes, models, expiry
unroll keys revoke NAME      remove a key    (all: [--file PATH], else UNROLL_API_KEYS_FILE)
unroll config                list every setting with its default, allowed values and meaning
unroll version               print the version
unroll help                  print this text`;

/** Whether an error is reported by its message alone: user errors have no stack. */
const isUserError = (error: unknown): boolean =>
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
    readonly spec?: string | undefined;
    readonly template?: boolean | undefined;
    readonly file?: string | undefined;
    readonly precision?: string | undefined;
    readonly data?: string | undefined;
  } & GraphOptions &
    KeyOptions;
}

/** Runs a command. Each command imports its own code, so that only the needed modules are loaded. */
async function run({ words: [command = 'help', ...rest], options }: Command): Promise<void> {
  if (command === 'serve' && rest.length === 0) {
    const { serve } = await import('./main.ts');
    await serve(process.env);
  } else if (command === 'train-worker' && rest.length === 0) {
    const { serveTraining } = await import('./train-worker.ts');
    await serveTraining(process.env);
  } else if (command === 'train' && options.follow !== undefined && rest.length === 0) {
    const { followJob } = await import('./cli/follow.ts');
    const { API_KEY: key } = readConfig(process.env);
    process.exitCode = await followJob(options.server, options.follow, key);
  } else if (command === 'train' && rest.length === 1) process.exitCode = await train(rest[0]!, options.work);
  else if (command === 'train') reportUsageError('train: expected one CONFIG or --follow JOB');
  else if (command === 'inspect' && rest.length === 1) {
    const { inspectCommand } = await import('./cli/inspect.ts');
    process.exitCode = await inspectCommand(rest[0]!, options);
  } else if (command === 'import' && rest.length === 1 && options.name !== undefined) {
    const { importCommand } = await import('./cli/import.ts');
    const { MODELS: models } = readConfig(removeServiceVariables(process.env).own);
    process.exitCode = await importCommand(rest[0]!, { ...options, name: options.name, models });
  } else if (command === 'quantize' && rest.length === 1 && options.precision && options.data) {
    const { quantizeCommand } = await import('./cli/quantize.ts');
    const { MODELS: models, MEMORY_MB: memoryMegabytes } = readConfig(
      removeServiceVariables(process.env).own,
    );
    const { precision, data } = options;
    process.exitCode = await quantizeCommand(rest[0]!, { models, precision, data, memoryMegabytes });
  } else if (command === 'keys' && (await changeKeys(rest, options))) {
    // done
  } else if (command === 'keys') reportUsageError('keys: expected create NAME, list or revoke NAME');
  else if (command === 'quantize')
    reportUsageError('quantize: expected one MODEL, --precision and --data FILE');
  else if (command === 'inspect') reportUsageError('inspect: expected one FILE');
  else if (command === 'import') reportUsageError('import: expected one FILE and --name NAME');
  else if (command === 'config' && rest.length === 0)
    for (const { name, default: value, allowed, meaning } of describeConfig())
      console.log(`${name}\n    ${meaning}\n    ${allowed}; ${value === '' ? 'empty' : value} by default`);
  else if (command === 'version') console.log(version);
  else if (command === 'help') console.log(usage);
  else reportUsageError(`unknown command: ${[command, ...rest].join(' ')}`);
}

function reportUsageError(message: string): void {
  console.error(`${message}\n${usage}`);
  process.exitCode = 2;
}

/** @returns false for words that are no command */
async function changeKeys(
  [action, name, ...rest]: readonly string[],
  options: Command['options'],
): Promise<boolean> {
  const { createKey, listKeys, revokeKey } = await import('./cli/keys.ts');
  const path = options.file ?? readConfig(process.env).API_KEYS_FILE;
  if (path === '') throw new ConfigError('keys: --file or UNROLL_API_KEYS_FILE must name the file of keys');
  if (action === 'list' && name === undefined) listKeys(path);
  else if (action === 'create' && name !== undefined && rest.length === 0) createKey(path, name, options);
  else if (action === 'revoke' && name !== undefined && rest.length === 0) revokeKey(path, name);
  else return false;
  return true;
}

async function train(path: string, work: string | undefined): Promise<number> {
  const { trainCommand } = await import('./cli/train.ts');
  const config = readConfig(removeServiceVariables(process.env).own);
  return trainCommand(path, {
    models: config.MODELS,
    work: work ?? null,
    threads: config.TRAINING_THREADS,
    memoryMegabytes: config.TRAINING_MEMORY_MB,
  });
}

/** Parses the arguments. --help and --version are the commands help and version. */
function parseCommand(args: string[]): Command {
  const defaults = { server: 'http://127.0.0.1:8080' };
  try {
    const { positionals: words, values } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
        follow: { type: 'string' },
        server: { type: 'string', default: defaults.server },
        work: { type: 'string' },
        name: { type: 'string' },
        task: { type: 'string' },
        labels: { type: 'string' },
        check: { type: 'string' },
        spec: { type: 'string' },
        template: { type: 'boolean' },
        set: { type: 'string', multiple: true },
        shape: { type: 'string', multiple: true },
        state: { type: 'string', multiple: true },
        context: { type: 'string' },
        file: { type: 'string' },
        precision: { type: 'string' },
        data: { type: 'string' },
        scope: { type: 'string', multiple: true },
        model: { type: 'string', multiple: true },
        expires: { type: 'string' },
      },
    });
    if (values.help) return { words: ['help'], options: defaults };
    return { words: values.version ? ['version'] : words, options: values };
  } catch {
    return { words: [args.join(' ')], options: defaults };
  }
}

try {
  await run(parseCommand(process.argv.slice(2)));
} catch (error) {
  console.error(isUserError(error) ? (error as Error).message : error);
  process.exit(1);
}
