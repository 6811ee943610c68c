import type { Command } from 'commander';
import { UnrollError } from '../../client/error.ts';
import type { Client, ModelStatistics, Session, TrainingJob } from '../../client/index.ts';
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
      const [{ connect }, { serverUrl }] = await Promise.all([
        import('../connect.ts'),
        import('../server-url.ts'),
      ]);
      const { config } = settings.read({ ...options });
      const activity = await readActivity(connect(config), serverUrl(config));
      if (options.json) console.log(JSON.stringify(activity));
      else for (const line of formatActivity(activity)) console.log(line);
    });

/** Null: the key may not see it, or the server has none. */
interface Activity {
  readonly server: string;
  readonly version: string;
  readonly load: Readonly<Record<string, number>> | null;
  readonly models: ModelStatistics['model_stats'];
  readonly sessions: readonly Session[] | null;
  readonly jobs: readonly TrainingJob[] | null;
}

/** @returns null for what the server does not have, or this key may not see */
const ifAllowed = <T>(reply: Promise<T>): Promise<T | null> =>
  reply.catch((error: unknown) => {
    if (error instanceof UnrollError && [403, 404, 503].includes(error.status ?? 0)) return null;
    throw error;
  });

const unfinished: ReadonlySet<string> = new Set(['validating', 'queued', 'running', 'paused', 'publishing']);

async function readActivity(client: Client, server: string): Promise<Activity> {
  const { version } = await client.call('serverMetadata', {});
  const [statistics, sessions, jobs, metrics] = await Promise.all([
    client.call('statistics', {}),
    ifAllowed(client.sessions.list({ limit: 100 })),
    ifAllowed(client.jobs.list({ limit: 100 })),
    ifAllowed(client.call('metrics', {})),
  ]);
  return {
    server,
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
