import { availableParallelism } from 'node:os';
import { z } from 'zod';

// Every setting of the server: one variable each, read once at start. `npm run unroll -- config` prints this table.

const whole = (low: number, high: number) => z.coerce.number().int().min(low).max(high);
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

const settings = {
  HOST: [z.string().min(1).default('127.0.0.1'), 'address to listen on; 0.0.0.0 lets other machines in'],
  PORT: [whole(0, 65_535).default(8080), 'port to listen on; 0 takes a free one'],
  MODELS: [z.string().min(1).default('models'), 'folder of models, <name>/<version>/'],
  WATCH: [flag.default(true), 'reload models when their folder changes'],
  WORKERS: [whole(1, 256).default(Math.max(1, availableParallelism() - 1)), 'worker threads'],
  KERNEL: [z.enum(['auto', 'plain']).default('auto'), 'plain: never the revectorised code path'],
  MEMORY_MB: [whole(16, 4096).default(1024), 'most memory for weights and states together'],
  SLOTS: [whole(1, 1024).default(32), 'sequences of one model that advance together in one worker'],
  QUEUE: [whole(0, 1_000_000).default(1024), 'sequences that may wait for a slot; more are answered 503'],
  MAX_STEPS: [whole(1, 1_000_000).default(8192), 'steps of one sequence'],
  MAX_INPUTS: [whole(1, 10_000).default(256), 'sequences of one request'],
  MAX_TOKENS: [whole(1, 1_000_000).default(4096), 'tokens of one generation'],
  MAX_BODY_BYTES: [whole(1024, 1_073_741_824).default(4 * 1_048_576), 'bytes of a request body'],
  TIMEOUT_MS: [
    whole(1, 86_400_000).default(30_000),
    'a request must be over by then, unless it says timeout_ms',
  ],
  MAX_TIMEOUT_MS: [whole(1, 86_400_000).default(300_000), 'the largest timeout_ms a request may ask for'],
  DRAIN_MS: [whole(0, 3_600_000).default(10_000), 'time for requests under way to finish after SIGTERM'],
  RATE_LIMIT: [whole(0, 1_000_000).default(0), 'requests a minute and address; 0 is no limit'],
  CORS_ORIGIN: [z.string().default(''), 'origin whose pages may call the server; empty is none, * is any'],
  MAX_EVENT_LOOP_DELAY_MS: [
    whole(0, 60_000).default(1000),
    'above this delay requests are answered 503; 0 is never',
  ],
  PING_MS: [whole(1, 3_600_000).default(15_000), 'silence after which a stream sends a comment'],
  LOG_LEVEL: [
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    'log level',
  ],
} as const;

type Settings = typeof settings;
export type Config = { readonly [K in keyof Settings]: z.output<Settings[K][0]> };

const schema = z.object(Object.fromEntries(Object.entries(settings).map(([key, [type]]) => [key, type])));
const prefix = 'UNROLL_';

export class BadConfig extends Error {}

/** @throws BadConfig naming every wrong variable, what it must be and what it was */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.entries(environment).filter(([key, value]) => key.startsWith(prefix) && value !== '');
  const values = Object.fromEntries(given.map(([key, value]) => [key.slice(prefix.length), value]));
  const unknown = Object.keys(values).filter((key) => !(key in settings));
  const parsed = schema.safeParse(values);
  const wrong = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => {
        const key = String(path[0]);
        return `${prefix}${key}: ${message}, was ${JSON.stringify(values[key])}`;
      });
  wrong.push(...unknown.map((key) => `${prefix}${key}: there is no such setting`));
  if (wrong.length > 0) throw new BadConfig(wrong.join('\n'));
  return parsed.data as Config;
}

export interface Setting {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
}

/** Name, default and meaning of every setting: the same on every machine. */
export const describeConfig = (): Setting[] =>
  Object.entries(settings).map(([key, [type, meaning]]) => ({
    name: `${prefix}${key}`,
    default: key === 'WORKERS' ? 'cores − 1' : String(type.parse(undefined)),
    meaning,
  }));
