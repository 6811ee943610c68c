import { parse } from 'yaml';
import { z } from 'zod';

// Parses the service of docker-compose.yml that is built from this repository. An unknown key is an error, so
// that every key has an effect on the run.

const words = z.union([z.string(), z.array(z.string())]);
const service = z.strictObject({
  build: z.literal('.'),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  tmpfs: words.default([]).transform((value) => (typeof value === 'string' ? [value] : value)),
  environment: z.record(z.string(), z.coerce.string()).default({}),
  user: z.string().optional(),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.literal('ALL')).default([]),
  security_opt: z.array(z.literal('no-new-privileges:true')).default([]),
  stop_grace_period: z
    .string()
    .regex(/^\d+s$/)
    .default('10s'),
  restart: z.string().optional(),
  healthcheck: z
    .strictObject({
      test: z.tuple([z.literal('CMD')], z.string()),
      interval: z.string(),
      timeout: z.string(),
      start_period: z.string(),
      retries: z.number(),
    })
    .optional(),
});

export interface Mount {
  /** A named volume, or a folder of the repository. */
  readonly kind: 'volume' | 'folder';
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface ComposeService {
  readonly mounts: readonly Mount[];
  /** Paths, with mount options after a colon. */
  readonly tmpfs: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string | undefined;
  readonly readOnly: boolean;
  readonly noNewPrivileges: boolean;
  readonly dropsCapabilities: boolean;
  readonly stopGraceSeconds: number;
  readonly ports: readonly string[];
  readonly healthcheck: readonly string[] | null;
}

/** @throws Error for a file with a setting that cannot be emulated */
export function parseCompose(text: string): ComposeService {
  const file = parse(text) as { services?: Record<string, object>; volumes?: Record<string, unknown> };
  const built = Object.values(file.services ?? {}).filter((one) => 'build' in one);
  if (built.length !== 1)
    throw new Error(`docker-compose.yml: expected one service with build, got ${built.length}`);
  const checked = service.safeParse(built[0]);
  if (!checked.success) throw new Error(`docker-compose.yml: ${z.prettifyError(checked.error)}`);
  const given = checked.data;
  const mounts = given.volumes.map((line): Mount => {
    const [source, target, mode, ...more] = line.split(':');
    if (!source || !target?.startsWith('/') || more.length > 0 || ![undefined, 'ro', 'rw'].includes(mode))
      throw new Error(`docker-compose.yml: the volume "${line}" is not supported`);
    const kind = /^[./~]/.test(source) ? 'folder' : 'volume';
    if (kind === 'volume' && !(source in (file.volumes ?? {})))
      throw new Error(`docker-compose.yml: the volume "${source}" is not declared`);
    return { kind, source, target, readOnly: mode === 'ro' };
  });
  return {
    mounts,
    tmpfs: given.tmpfs,
    environment: given.environment,
    user: given.user,
    readOnly: given.read_only,
    noNewPrivileges: given.security_opt.length > 0,
    dropsCapabilities: given.cap_drop.length > 0,
    stopGraceSeconds: Number.parseInt(given.stop_grace_period, 10),
    ports: given.ports,
    healthcheck: given.healthcheck?.test.slice(1) ?? null,
  };
}
