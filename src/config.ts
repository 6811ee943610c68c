import { availableParallelism } from 'node:os';
import { z } from 'zod';

// Every setting of the server: one variable each, read once at start. `npm run unroll -- config` prints this table.
// A type's description is what is allowed, as messages and the table say it.

const whole = (low: number, high: number, fallback: number) =>
  z
    .string()
    .refine((text) => /^\d+$/.test(text) && Number(text) >= low && Number(text) <= high)
    .transform(Number)
    .default(fallback)
    .describe(`a whole number from ${low} to ${high}`);
/** Two values or more. Not Intl.ListFormat, which takes 5 ms of the start. */
const either = (values: readonly string[]): string =>
  `${values.slice(0, -1).join(', ')}${values.length > 2 ? ',' : ''} or ${values.at(-1)!}`;
const choice = <const T extends readonly string[]>(values: T, fallback: NoInfer<T[number]>) =>
  z.enum(values).default(fallback).describe(either(values));
const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .default(fallback)
    .describe(either(['true', 'false']));
const text = (fallback: string, allowed: string) => z.string().default(fallback).describe(allowed);

function isOrigin(value: string): boolean {
  return value === '*' || (URL.canParse(value) && new URL(value).origin === value);
}

const settings = {
  HOST: [text('127.0.0.1', 'a name or an address'), 'address to listen on; 0.0.0.0 lets other machines in'],
  PORT: [whole(0, 65_535, 8080), 'port to listen on; 0 takes a free one'],
  MODELS: [text('models', 'a path'), 'folder of models, <name>/<version>/'],
  DATA: [text('data', 'a path'), 'folder of training jobs, their data and checkpoints'],
  WATCH: [flag(true), 'reload models when their folder changes'],
  WORKERS: [whole(1, 256, Math.max(1, availableParallelism() - 1)), 'worker threads'],
  KERNEL: [choice(['auto', 'plain'], 'auto'), 'plain: never the revectorised code path'],
  MEMORY_MB: [whole(16, 4096, 1024), 'most memory for weights and states together'],
  SLOTS: [whole(1, 1024, 32), 'sequences of one model that advance together in one worker'],
  QUEUE: [whole(0, 1_000_000, 1024), 'sequences that may wait for a slot; more are answered 503'],
  MAX_EXPECTED_MS: [
    whole(1, 3_600_000, 500),
    'while no slot of a model is free, a sequence that is expected to take longer, and more than twice its time with all slots taken, is answered 503',
  ],
  MAX_STEPS: [whole(1, 1_000_000, 8192), 'steps of one sequence'],
  MAX_INPUTS: [whole(1, 10_000, 256), 'sequences of one request'],
  MAX_TOKENS: [whole(1, 1_000_000, 4096), 'tokens of one generation'],
  MAX_REQUEST_STEPS: [
    whole(1, 1_000_000_000, 2_097_152),
    'steps of one request: of all its inputs, the tokens to write and the beams counted',
  ],
  MAX_REPLY_BYTES: [
    whole(1024, 1_073_741_824, 16 * 1_048_576),
    'bytes that a reply may take, estimated before the work starts',
  ],
  MAX_BODY_BYTES: [whole(1024, 1_073_741_824, 4 * 1_048_576), 'bytes of a request body'],
  RECEIVE_MS: [whole(1000, 3_600_000, 60_000), 'a request must have arrived by then, body and all'],
  TIMEOUT_MS: [whole(1, 86_400_000, 30_000), 'a request must be over by then, unless it says timeout_ms'],
  MAX_TIMEOUT_MS: [whole(1, 86_400_000, 300_000), 'the largest timeout_ms a request may ask for'],
  DRAIN_MS: [whole(0, 3_600_000, 10_000), 'time for requests under way to finish after SIGTERM'],
  RATE_LIMIT: [whole(0, 1_000_000, 0), 'requests a minute and address; 0 is no limit'],
  TRAINING_JOBS: [whole(0, 64, 1), 'training jobs that run at a time; 0 turns training and uploads off'],
  TRAINING_QUEUE: [
    whole(0, 10_000, 100),
    'training jobs that are not over: waiting, running or paused, those of comparisons too',
  ],
  TRAINING_THREADS: [whole(1, 64, 1), 'threads of one training job, for those with several shards'],
  TRAINING_MEMORY_MB: [
    whole(64, 4096, 2048),
    'most memory of one thread of a training job: weights, gradients, optimiser state, activations',
  ],
  MAX_DATASET_BYTES: [whole(1024, 68_719_476_736, 268_435_456), 'bytes of an uploaded dataset'],
  MAX_DATASETS_BYTES: [whole(1024, 1_099_511_627_776, 10_737_418_240), 'bytes of all datasets together'],
  MAX_CHECKPOINTS_BYTES: [
    whole(1024, 1_099_511_627_776, 21_474_836_480),
    'bytes of all checkpoints together; older ones are removed first, never the best and the latest of a job',
  ],
  DISK_RESERVE_BYTES: [
    whole(0, 1_099_511_627_776, 268_435_456),
    'bytes of the disk of UNROLL_DATA that uploads and checkpoints leave free',
  ],
  CORS_ORIGIN: [
    z.string().refine(isOrigin).default('').describe('an origin such as https://example.org, or *'),
    'origin whose pages may call the server; empty is none, * is any',
  ],
  MAX_EVENT_LOOP_DELAY_MS: [whole(0, 60_000, 1000), 'above this delay requests are answered 503; 0 is never'],
  PING_MS: [whole(1, 3_600_000, 15_000), 'silence after which a stream sends a comment'],
  LOG_LEVEL: [choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info'), 'log level'],
} as const;

type Settings = typeof settings;
type Key = keyof Settings;
export type Config = { readonly [K in Key]: z.output<Settings[K][0]> };

const schema = z.object(Object.fromEntries(Object.entries(settings).map(([key, [type]]) => [key, type])));
const prefix = 'UNROLL_';

export class ConfigError extends Error {}

/** @throws ConfigError naming every wrong variable, what it must be and what it was */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.entries(environment).filter(([key, value]) => key.startsWith(prefix) && value !== '');
  const values = Object.fromEntries(given.map(([key, value]) => [key.slice(prefix.length), value]));
  const unknown = Object.keys(values).filter((key) => !Object.hasOwn(settings, key));
  const parsed = schema.safeParse(values);
  const wrong = parsed.success
    ? []
    : parsed.error.issues.map(({ path }) => {
        const key = path[0] as Key;
        return `${prefix}${key}: must be ${settings[key][0].description}, was ${JSON.stringify(values[key])}`;
      });
  wrong.push(...unknown.map((key) => `${prefix}${key}: there is no such setting`));
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'));
  return parsed.data as Config;
}

export interface Setting {
  readonly name: string;
  readonly default: string;
  readonly allowed: string;
  readonly meaning: string;
}

/** Name, default, what is allowed and meaning of every setting: the same on every machine. */
export const describeConfig = (): Setting[] =>
  Object.entries(settings).map(([key, [type, meaning]]) => ({
    name: `${prefix}${key}`,
    default: key === 'WORKERS' ? 'cores − 1' : String(type.parse(undefined)),
    allowed: type.description!,
    meaning,
  }));
