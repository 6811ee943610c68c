import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { z } from 'zod';

// The server's settings, read once at start: environment variables, and what the command line makes of its options and
// of its settings file. `unroll config` prints this table. The description of a type is its allowed values, as shown in
// error messages and in the table.

const integer = (low: number, high: number, fallback: number) =>
  z
    .string()
    .refine((text) => /^\d+$/.test(text) && Number(text) >= low && Number(text) <= high)
    .transform(Number)
    .default(fallback)
    .describe(`an integer from ${low} to ${high}`);
/** Joins two values or more. Not with Intl.ListFormat, which takes 5 ms at start. */
const joinAlternatives = (values: readonly string[]): string =>
  `${values.slice(0, -1).join(', ')}${values.length > 2 ? ',' : ''} or ${values.at(-1)!}`;
const choice = <const T extends readonly string[]>(values: T, fallback: NoInfer<T[number]>) =>
  z.enum(values).default(fallback).describe(joinAlternatives(values));
const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .default(fallback)
    .describe(joinAlternatives(['true', 'false']));
const text = (fallback: string, allowed: string) => z.string().default(fallback).describe(allowed);

function isOrigin(value: string): boolean {
  return value === '*' || (URL.canParse(value) && new URL(value).origin === value);
}

function isPublicUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, search, hash } = new URL(value);
  return /^https?:$/.test(protocol) && username === '' && search === '' && hash === '';
}

const isServerUrl = (value: string): boolean => value === '' || isPublicUrl(value);

/** Whether a value is a list of addresses, subnets and names of ranges of addresses. */
const isProxyList = (value: string): boolean =>
  value.split(',').every((entry) => {
    const [address = '', bits, ...rest] = entry.trim().split('/');
    if (/^(loopback|linklocal|uniquelocal)$/.test(entry.trim())) return true;
    const family = isIP(address);
    const maxBits = family === 4 ? 32 : 128;
    return family !== 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= maxBits)); // prettier-ignore
  });

/** Whether a value is the URL of a Redis server: redis://[[user]:password@]host[:port][/database]. */
function isRedisUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, pathname } = new URL(value);
  return /^rediss?:$/.test(protocol) && hostname !== '' && /^(\/\d*)?$/.test(pathname);
}

const settings = {
  HOST: [
    text('127.0.0.1', 'a name or an address'),
    'address to listen on; 0.0.0.0 accepts connections from other machines',
  ],
  PORT: [integer(0, 65_535, 8080), 'port to listen on; 0 chooses a free port'],
  API_KEYS_FILE: [text('', 'a path'), 'file of API keys, written by `unroll keys`; empty: there are no keys'],
  API_KEY: [text('', 'an API key'), 'key that commands send to a server; of no use to a server'],
  SERVER: [
    z.string().refine(isServerUrl).default('').describe('a URL such as http://127.0.0.1:8080'),
    'server that commands call; empty: the one at UNROLL_PORT of this machine. Of no use to a server',
  ],
  OPEN: [
    flag(false),
    'true: a server without keys allows training and administration to callers from other machines too',
  ],
  METRICS_ACCESS: [
    choice(['open', 'infer', 'train', 'admin'], 'infer'),
    'scope that a key needs for GET /metrics; open: no key',
  ],
  PUBLIC_URL: [
    z.string().refine(isPublicUrl).default('').describe('a URL such as https://example.org/unroll'),
    'where callers reach the server through a proxy; the proxy may leave its path or remove it',
  ],
  TRUST_PROXY: [
    z
      .string()
      .refine(isProxyList)
      .default('')
      .describe('addresses and subnets, separated by commas; also loopback, linklocal or uniquelocal'),
    'proxies whose X-Forwarded-For header gives the caller; empty: none',
  ],
  MODELS: [text('models', 'a path'), 'folder of models, as <name>/<version>/'],
  MODEL: [
    text('', 'a path'),
    'folder or file of the only model to serve, instead of UNROLL_MODELS; training is turned off then',
  ],
  MODEL_NAME: [
    z
      .string()
      .refine((value) => value === '' || /^[\w-]([\w.-]{0,62}[\w-])?$/.test(value))
      .default('')
      .describe('1 to 64 of A–Z a–z 0–9 _ - ., not with a dot at either end'),
    'name of the model at UNROLL_MODEL; empty: the name of its file or folder',
  ],
  DATA: [text('data', 'a path'), 'folder of training jobs, datasets, checkpoints and sessions'],
  JOBS: [
    choice(['embedded', 'bullmq'], 'embedded'),
    'where training jobs are kept: embedded, in UNROLL_DATA, by the server that runs them; bullmq, in UNROLL_REDIS_URL, for any number of servers and `unroll train-worker` processes, which run them',
  ],
  REDIS_URL: [
    z.string().refine(isRedisUrl).default('').describe('a URL such as redis://:password@host:6379/0'),
    'Redis server that several servers share; empty: none',
  ],
  WATCH: [flag(true), 'reload models when their folder changes'],
  WORKERS: [integer(1, 256, Math.max(1, availableParallelism() - 1)), 'number of worker threads'],
  KERNEL: [choice(['auto', 'plain'], 'auto'), 'plain disables the revectorised code path'],
  MEMORY_MB: [integer(16, 4096, 1024), 'maximum memory of weights and states together, in MB'],
  SLOTS: [integer(1, 1024, 32), 'batch size: sequences of one model that advance together in one worker'],
  QUEUE: [integer(0, 1_000_000, 1024), 'maximum sequences that wait for a slot; more are rejected with 503'],
  MAX_EXPECTED_MS: [
    integer(1, 3_600_000, 500),
    "while three quarters of a model's slots are taken, a sequence that is expected to take longer than this (in ms) is rejected with 503; the other slots are for shorter ones",
  ],
  MAX_STEPS: [integer(1, 1_000_000, 8192), 'maximum steps of one sequence'],
  MAX_INPUTS: [integer(1, 10_000, 256), 'maximum sequences of one request'],
  MAX_TOKENS: [integer(1, 1_000_000, 4096), 'maximum tokens of one generation'],
  MAX_REQUEST_STEPS: [
    integer(1, 1_000_000_000, 2_097_152),
    'maximum steps of one request: all inputs, including generated tokens and beams',
  ],
  MAX_REPLY_BYTES: [
    integer(1024, 1_073_741_824, 16 * 1_048_576),
    'maximum bytes of a reply, estimated before the request runs',
  ],
  SESSIONS: [
    choice(['embedded', 'redis'], 'embedded'),
    'where sessions are kept: in this server, or in UNROLL_REDIS_URL, where several servers share them',
  ],
  SESSION_MB: [
    integer(1, 1_048_576, 1024),
    'maximum memory of the states, marks and last steps of sessions, in MB; those used longest ago are then kept in UNROLL_DATA',
  ],
  SESSION_LEASE_MS: [
    integer(100, 600_000, 10_000),
    'time after which other servers take over the sessions of one that has died, in ms, with UNROLL_SESSIONS=redis',
  ],
  SESSION_TTL_S: [
    integer(1, 2_592_000, 1800),
    'time without a call after which a session expires, in s, unless it was made with ttl_s',
  ],
  MAX_SESSIONS: [
    integer(1, 10_000_000, 100_000),
    'maximum sessions in memory; those used longest ago are then kept in UNROLL_DATA',
  ],
  PREFIX_MB: [
    integer(0, 65_536, 64),
    'maximum memory of states after the beginnings of texts that were read lately, in MB; 0: none are kept',
  ],
  SESSION_WRITE_MS: [
    integer(100, 3_600_000, 5000),
    'time between writes of changed sessions to UNROLL_DATA, in ms: a process that is killed loses the steps since the last, but none of a durable session',
  ],
  STATE_KEY: [
    text('', 'a secret text'),
    'key that signs the state tokens of requests with return_state; the same on all servers that share them; empty: a random one, until the server ends',
  ],
  STATE_TTL_S: [integer(1, 31_536_000, 86_400), 'time after which a state token expires, in s'],
  MAX_BODY_BYTES: [integer(1024, 1_073_741_824, 4 * 1_048_576), 'maximum bytes of a request body'],
  RECEIVE_MS: [
    integer(1000, 3_600_000, 60_000),
    'maximum time to receive a request, including its body, in ms',
  ],
  TIMEOUT_MS: [integer(1, 86_400_000, 30_000), 'deadline of a request in ms, unless it sets timeout_ms'],
  MAX_TIMEOUT_MS: [integer(1, 86_400_000, 300_000), 'maximum timeout_ms of a request'],
  SHUTDOWN_DELAY_MS: [
    integer(0, 3_600_000, 0),
    'time after SIGTERM in which requests are still served while /v2/health/ready is 503 already, in ms',
  ],
  DRAIN_MS: [integer(0, 3_600_000, 10_000), 'time for requests in progress to finish after SIGTERM, in ms'],
  RATE_LIMIT: [
    integer(0, 1_000_000, 0),
    'maximum requests per minute and API key, or address of a caller without one; 0 is no limit',
  ],
  TRAINING_JOBS: [
    integer(0, 64, 1),
    'maximum training jobs that run at a time; 0 disables training and uploads',
  ],
  TRAINING_QUEUE: [
    integer(0, 10_000, 100),
    'maximum unfinished training jobs: queued, running or paused, including those of comparisons',
  ],
  TRAINING_LEASE_MS: [
    integer(1000, 3_600_000, 30_000),
    'time after which another train-worker takes the job of one that does not answer, in ms',
  ],
  TRAINING_THREADS: [integer(1, 64, 1), 'threads of one training job that has several shards'],
  TRAINING_MEMORY_MB: [
    integer(64, 4096, 2048),
    'maximum memory of one thread of a training job (weights, gradients, optimiser state, activations), in MB',
  ],
  MAX_MODEL_BYTES: [
    integer(1024, 1_099_511_627_776, 2_147_483_648),
    'maximum bytes of a model that `unroll pull` downloads; of no use to a server',
  ],
  MAX_DATASET_BYTES: [integer(1024, 68_719_476_736, 268_435_456), 'maximum bytes of an uploaded dataset'],
  MAX_DATASETS_BYTES: [
    integer(1024, 1_099_511_627_776, 10_737_418_240),
    'maximum bytes of all datasets together',
  ],
  MAX_CHECKPOINTS_BYTES: [
    integer(1024, 1_099_511_627_776, 21_474_836_480),
    'maximum bytes of all checkpoints together; the oldest are removed first, except the best and the latest of each job',
  ],
  DISK_RESERVE_BYTES: [
    integer(0, 1_099_511_627_776, 268_435_456),
    'bytes that uploads and checkpoints leave free on the disk of UNROLL_DATA',
  ],
  CORS_ORIGIN: [
    z.string().refine(isOrigin).default('').describe('an origin such as https://example.org, or *'),
    'origin whose pages may call the server; empty allows none, * allows any',
  ],
  MAX_EVENT_LOOP_DELAY_MS: [
    integer(0, 60_000, 1000),
    'event loop delay in ms above which requests are rejected with 503; 0 disables the check',
  ],
  PING_MS: [
    integer(1, 3_600_000, 15_000),
    'time without an event after which a stream sends a comment, in ms',
  ],
  LOG_LEVEL: [
    choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info'),
    'minimum level of log messages',
  ],
} as const;

type Settings = typeof settings;
type Key = keyof Settings;
export type Config = { readonly [K in Key]: z.output<Settings[K][0]> };

const schema = z.object(Object.fromEntries(Object.entries(settings).map(([key, [type]]) => [key, type])));
const prefix = 'UNROLL_';

/** One or more invalid settings. */
export class ConfigError extends Error {}

/**
 * Reads the settings.
 * @param nameSetting what messages call a setting, by its key; where it is not from a variable
 * @throws ConfigError naming each invalid variable, its allowed values and its value
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  nameSetting: (key: string) => string = (key) => `${prefix}${key}`,
): Config {
  const given = Object.entries(environment).filter(([key, value]) => key.startsWith(prefix) && value !== '');
  const values = Object.fromEntries(given.map(([key, value]) => [key.slice(prefix.length), value]));
  const unknown = Object.keys(values).filter((key) => !Object.hasOwn(settings, key));
  const parsed = schema.safeParse(values);
  const errors = parsed.success
    ? []
    : parsed.error.issues.map(({ path }) => {
        const key = path[0] as Key;
        return `${nameSetting(key)}: must be ${settings[key][0].description}, was ${JSON.stringify(withoutPassword(values[key]!))}`;
      });
  errors.push(...unknown.map((key) => `${nameSetting(key)}: there is no such setting`));
  const { JOBS, SESSIONS, REDIS_URL } = parsed.data ?? {};
  if (REDIS_URL === '')
    for (const [key, value] of [
      ['JOBS', JOBS === 'bullmq' && JOBS],
      ['SESSIONS', SESSIONS === 'redis' && SESSIONS],
    ] as const)
      if (value)
        errors.push(`${nameSetting('REDIS_URL')}: must be set, because ${nameSetting(key)} is ${value}`);
  if (errors.length > 0) throw new ConfigError(errors.join('\n'));
  return parsed.data as Config;
}

/** Messages are logged: a URL is shown without its user and password. */
const withoutPassword = (value: string): string => value.replace(/\/\/[^/]*@/, '//…@');

export interface Setting {
  /** Without the prefix. */
  readonly key: string;
  readonly name: string;
  readonly default: string;
  readonly allowed: string;
  readonly meaning: string;
}

/** Describes every setting; the result is the same on every machine. */
export const describeConfig = (): Setting[] =>
  Object.entries(settings).map(([key, [type, meaning]]) => ({
    key,
    name: `${prefix}${key}`,
    default: key === 'WORKERS' ? 'cores − 1' : String(type.parse(undefined)),
    allowed: type.description!,
    meaning,
  }));
