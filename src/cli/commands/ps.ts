import type { Command } from 'commander';
import type { JobJson, ListJson, SessionJson } from '../../client/api-json.ts';
import { ServerError } from '../../client/server-error.ts';
import type { ServerClient } from '../../client/server-client.ts';
import { formatJobs } from '../jobs/format-jobs.ts';
import { formatFields, formatTable } from '../format-table.ts';
import { settingOptions } from '../setting-options.ts';

const settings = settingOptions(['SERVER']);

export const addPsCommand = (program: Command): Command =>
  settings
    .add(program.command('ps'))
    .description('show what a server is doing: its load, the models that are used, sessions and running jobs')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: boolean }) => {
      const { connect } = await import('../connect.ts');
      const activity = await readActivity(connect(settings.read({ ...options }).config));
      if (options.json) console.log(JSON.stringify(activity));
      else for (const line of formatActivity(activity)) console.log(line);
    });

interface ModelStatistics {
  readonly name: string;
  readonly version: string;
  readonly inference_count: number;
  readonly last_inference: number;
}
/** Null: the key may not see it, or the server has none. */
interface Activity {
  readonly server: string;
  readonly version: string;
  readonly load: Readonly<Record<string, number>> | null;
  readonly models: readonly ModelStatistics[];
  readonly sessions: readonly SessionJson[] | null;
  readonly jobs: readonly JobJson[] | null;
}

/** @returns null for what the server does not have, or this key may not see */
const ifAllowed = <T>(reply: Promise<T>): Promise<T | null> =>
  reply.catch((error: unknown) => {
    if (error instanceof ServerError && [403, 404, 503].includes(error.status)) return null;
    throw error;
  });

const unfinished: ReadonlySet<string> = new Set(['validating', 'queued', 'running', 'paused', 'publishing']);

async function readActivity(client: ServerClient): Promise<Activity> {
  const { version } = await client.call<{ readonly version: string }>('GET', '/v2');
  const [statistics, sessions, jobs, metrics] = await Promise.all([
    client.call<{ readonly model_stats: readonly ModelStatistics[] }>('GET', '/v2/models/stats'),
    ifAllowed(client.call<ListJson<SessionJson>>('GET', '/v1/sessions?limit=100')),
    ifAllowed(client.call<ListJson<JobJson>>('GET', '/v1/training/jobs?limit=100')),
    ifAllowed(client.text('/metrics')),
  ]);
  return {
    server: client.name,
    version,
    load: metrics === null ? null : readLoad(metrics),
    models: statistics.model_stats,
    sessions: sessions?.data ?? null,
    jobs: jobs?.data.filter(({ status }) => unfinished.has(status)) ?? null,
  };
}

const shownMetrics: Readonly<Record<string, string>> = {
  process_start_time_seconds: 'started_at',
  process_cpu_seconds_total: 'cpu_seconds',
  process_resident_memory_bytes: 'memory_bytes',
  unroll_sequences_active: 'sequences_active',
  unroll_sequences_waiting: 'sequences_waiting',
  unroll_streams_open: 'streams_open',
};

function readLoad(exposition: string): Record<string, number> {
  const load: Record<string, number> = {};
  for (const [, name, value] of exposition.matchAll(/^(\w+) (\S+)$/gm)) {
    const shown = shownMetrics[name!];
    if (shown !== undefined) load[shown] = Number(value);
  }
  return load;
}

function formatActivity({ server, version, load, models, sessions, jobs }: Activity): string[] {
  const number = (name: string): number => load?.[name] ?? 0;
  const used = models.filter(({ inference_count: count }) => count > 0);
  return [
    ...formatFields([
      ['server', `${server}, version ${version}`],
      ...(load
        ? ([
            ['up since', new Date(number('started_at') * 1000).toISOString()],
            ['CPU time', `${number('cpu_seconds').toFixed(1)} s`],
            ['memory', `${Math.round(number('memory_bytes') / 1_048_576)} MB`],
            ['sequences', `${number('sequences_active')} running, ${number('sequences_waiting')} waiting`],
            ['streams', String(number('streams_open'))],
          ] as const)
        : []),
      ['sessions', sessions === null ? 'not available' : String(sessions.length)],
    ]),
    '',
    ...formatTable(
      ['MODEL', 'CALLS', 'LAST'],
      used.map(({ name, version: one, inference_count: count, last_inference: last }) => [
        `${name}@${one}`,
        String(count),
        new Date(last).toISOString(),
      ]),
    ),
    ...(jobs && jobs.length > 0 ? ['', ...formatJobs(jobs)] : []),
  ];
}
