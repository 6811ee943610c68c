import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { modelFolder, type ModelFolder } from '../../test/e2e/model-folder.ts';
import { hasRedis, missingRedis, startRedis } from '../../test/support/redis-server.ts';
import { createRandom } from '../random.ts';
import type { Report, Scenario } from '../scenario.ts';
import { readMetric } from '../server/request.ts';
import { startServer } from '../server/server-process.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { call, createSlot, drive, type Run } from './drive.ts';
import { createOracle, modelName, type Oracle } from './oracle.ts';
import type { Owner } from './send.ts';
import { useStateTokens } from './token-clients.ts';

const namedSlots = 6;
const tokenClients = 2;
/** Made even when the time is up: a loaded machine makes few calls. */
const minCalls = 400;
const writeMs = 200;
/** The time before a kill in which steps that are not durable may be lost, on a loaded machine. */
const lossMs = 2 * writeMs + 2000;
const leaseMs = 500;

export const sessions: Scenario = {
  name: 'sessions',
  about:
    'sessions on servers that are killed, stopped and evict while they are called: each answer is that of a history that the session could have',
  share: 20,
  async run({ seed, seconds }, report) {
    await runOnDisk({ seed, seconds: hasRedis ? seconds / 2 : seconds, report });
    if (hasRedis) await runInRedis({ seed: seed + 1, seconds: seconds / 2, report });
    else report.count(missingRedis);
  },
};

export interface SessionRun {
  readonly seed: number;
  readonly seconds: number;
  readonly report: Report;
}

/** One server with room for few sessions in memory. */
export const runOnDisk = (run: SessionRun): Promise<void> =>
  withModels(async (models, folder, oracle) => {
    const settings = { ...shared(folder), MAX_SESSIONS: 3, SESSION_WRITE_MS: writeMs };
    const options = { models: models.path, data: join(folder, 'data'), settings };
    const cluster = await startCluster([options], { stopMs: 500, report: run.report });
    await callSessions(run, cluster, oracle, lossMs);
  });

/** Two servers that share one Redis. */
export const runInRedis = (run: SessionRun): Promise<void> =>
  withModels(async (models, folder, oracle) => {
    const redis = await startRedis();
    try {
      const settings = {
        ...shared(folder),
        SESSIONS: 'redis',
        REDIS_URL: redis.url,
        SESSION_LEASE_MS: leaseMs,
      };
      const options = [1, 2].map((n) => ({ models: models.path, data: join(folder, `data-${n}`), settings }));
      const cluster = await startCluster(options, { stopMs: 3 * leaseMs, report: run.report });
      await callSessions(run, cluster, oracle, 0);
    } finally {
      await redis.stop();
    }
  });

const keyOf = (name: string): string => `unroll_${createHash('sha256').update(name).digest('base64url')}`;
const owners: readonly Owner[] = ['alice', 'bob'].map((name) => ({
  name,
  headers: { authorization: `Bearer ${keyOf(name)}` },
}));

const shared = (folder: string) => ({
  WORKERS: 1,
  TRAINING_JOBS: 0,
  METRICS_ACCESS: 'open',
  // a loaded machine is no reason to refuse calls
  MAX_EVENT_LOOP_DELAY_MS: 0,
  STATE_KEY: 'shared',
  API_KEYS_FILE: join(folder, 'keys.json'),
});

/** Writes models and keys, and starts the server of the oracle. */
async function withModels(
  work: (models: ModelFolder, folder: string, oracle: Oracle) => Promise<void>,
): Promise<void> {
  const models = modelFolder([modelName]);
  const folder = mkdtempSync(join(tmpdir(), 'unroll-stress-'));
  const keys = owners.map(({ name }) => ({
    name,
    sha256: createHash('sha256').update(keyOf(name)).digest('hex'),
    scopes: ['infer'],
    created: '2026-01-01T00:00:00Z',
  }));
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys }));
  mkdirSync(join(folder, 'oracle'));
  const server = startServer({ models: models.path, data: join(folder, 'oracle'), settings: shared(folder) });
  try {
    await server.listening;
    await work(models, folder, createOracle(server.port, owners[0]!.headers));
  } finally {
    server.kill('SIGTERM');
    await server.ended;
    models.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function callSessions(
  { seed, seconds, report }: SessionRun,
  cluster: Cluster,
  oracle: Oracle,
  loss: number,
): Promise<void> {
  const random = createRandom(seed);
  const endMs = performance.now() + seconds * 1000;
  const running = new Set<Promise<void>>();
  const begin = (work: Promise<void>): void => {
    const own = work.finally(() => running.delete(own));
    running.add(own);
  };
  const run: Run = {
    cluster,
    oracle,
    report,
    random,
    lossMs: loss,
    snapshots: new Map(owners.map((owner) => [owner, []])),
    slots: new Set(),
    calls: 0,
    isOver: () => performance.now() > endMs && run.calls >= minCalls,
    start: (slot) => begin(drive(run, slot)),
  };
  for (const owner of owners) {
    for (let n = 0; n < namedSlots; n++)
      run.start(createSlot(run, { owner, id: `slot-${n}`, isNamed: true }, [null]));
    for (let n = 0; n < tokenClients; n++) begin(useStateTokens(run, owner, n));
  }
  const disturber = createRandom(seed, 1);
  while (!run.isOver()) {
    await delay(disturber.int(100, 3000));
    await cluster.disturb(disturber);
  }
  while (running.size > 0) await Promise.all(running);
  await endSessions(run);
  await cluster.end();
}

/** Looks at every session once more, and deletes it: nothing is left. */
async function endSessions(run: Run): Promise<void> {
  const { cluster, random, report, slots } = run;
  for (const slot of slots) {
    report.count('sessions at the end');
    if (await call(run, slot, [{ kind: 'show' }])) await call(run, slot, [{ kind: 'delete' }]);
  }
  for (const { headers } of owners) {
    const { server } = await cluster.pick(random);
    const url = `http://127.0.0.1:${server.port}/v1/sessions`;
    const { data } = (await (await fetch(`${url}?limit=1000`, { headers })).json()) as {
      data: { id: string }[];
    };
    for (const { id } of data) {
      // a fork whose answer was lost
      if (!id.startsWith('ses_')) report.fault('a session that was deleted', id);
      else report.count('forks that nobody knows');
      await fetch(`${url}/${id}`, { method: 'DELETE', headers });
    }
  }
  const { server } = await cluster.pick(random);
  for (const metric of ['unroll_sessions', 'unroll_engine_unreconciled_sequences']) {
    const value = await readMetric(server.port, metric);
    if (value !== 0) report.fault('left over', `${metric} ${value}`);
  }
}
