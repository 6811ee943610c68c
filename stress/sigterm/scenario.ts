import { setTimeout as delay } from 'node:timers/promises';
import { createRandom, type Random } from '../random.ts';
import type { Report, Scenario } from '../scenario.ts';
import { findLogFaults } from '../server/log-faults.ts';
import { request } from '../server/request.ts';
import { createServerFolders, startServer } from '../server/server-process.ts';
import { openRequest, type OpenRequest } from './open-request.ts';

/** From the end of the drain to the end of the process. */
const endMs = 5000;
const openMs = 8000;
const mostTokens = 1_000_000;

export const sigterm: Scenario = {
  name: 'sigterm',
  about:
    'SIGTERM under load with many streams: exit 0, every stream gets its last event, no connection is reset',
  share: 20,
  async run({ seed, seconds, rounds, streams }, report) {
    const end = performance.now() + seconds * 1000;
    const folders = createServerFolders();
    for (let round = 0; round === 0 || (round < rounds && performance.now() < end); round++)
      await runRound({ round, streams, folders, report, random: createRandom(seed, round) });
    folders.remove();
  },
};

interface Round {
  readonly round: number;
  readonly streams: number;
  readonly folders: { readonly models: string; readonly data: string };
  readonly report: Report;
  readonly random: Random;
}

async function runRound({ round, streams, folders, report, random }: Round): Promise<void> {
  const plan = {
    workers: random.int(1, 3),
    drainMs: random.pick([500, 1500, 3000]),
    /** Short streams end in the drain, endless ones are ended by it. */
    tokens: random.pick([60, 60, mostTokens]),
    /** As soon as requests have left, or when streams are open. */
    early: random.chance(0.4),
    loads: random.chance(0.5),
  };
  const describe = `round ${round} ${JSON.stringify(plan)}`;
  const server = startServer({
    ...folders,
    settings: {
      WORKERS: plan.workers,
      DRAIN_MS: plan.drainMs,
      MAX_TOKENS: mostTokens,
      MAX_TIMEOUT_MS: 300_000,
    },
  });
  await server.listening;
  const body = (seed: number) => ({
    prompt: 'The ',
    max_tokens: plan.tokens,
    stream: true,
    timeout_ms: 200_000,
    seed,
  });
  const open = Array.from({ length: streams }, (_, i) =>
    openRequest(server.port, '/v1/models/moby/generate', body(i)),
  );
  const plain = Array.from({ length: 20 }, (_, i) =>
    openRequest(server.port, '/v1/models/language/classify', { input: `hallo welt ${i}` }),
  );
  await Promise.all([...open, ...plain].map(({ sent }) => sent));
  if (!plan.early) await waitUntilAnswered(open);
  report.count('streams begun at SIGTERM', open.filter(({ headReceived }) => headReceived()).length);
  if (plan.loads) {
    void request(server.port, { method: 'POST', path: '/v2/repository/models/pronounce/load' });
    await delay(random.int(0, 30));
  }
  server.kill('SIGTERM');
  const asked = performance.now();
  await delay(Math.min(300, plan.drainMs / 2));
  const late = openRequest(server.port, '/v1/models/language/classify', { input: 'a' });
  const exit = await Promise.race([server.ended, delay(plan.drainMs + endMs * 2, null, { ref: false })]);
  const took = performance.now() - asked;
  if (exit === null) {
    report.fault('it does not end', `${describe}: after ${took.toFixed(0)} ms`);
    server.kill('SIGKILL');
  } else if (exit.code !== 0)
    report.fault(
      'exit',
      `${describe}: ${exit.code ?? exit.signal} after ${took.toFixed(0)} ms: ${server.output().slice(-600)}`,
    );
  else if (took > plan.drainMs + endMs)
    report.fault('it ends late', `${describe}: after ${took.toFixed(0)} ms`);
  for (const one of [...open, ...plain]) {
    const { kind, detail } = await one.ended;
    report.count(['last event', 'whole reply'].includes(kind) ? `${kind} ${detail}` : kind);
    if (kind !== 'last event' && kind !== 'whole reply')
      report.fault(`a request that had arrived was ${kind}`, `${describe}: ${detail}`);
  }
  const { kind, detail, keepsAlive } = await late.ended;
  if (kind === 'whole reply' && keepsAlive)
    report.fault('no "connection: close" while draining', `${describe}: ${detail}`);
  // where nothing keeps the drain going, the server may be ending as this connection is made
  if (kind !== 'whole reply' && plan.tokens === mostTokens)
    report.fault(`a request while draining was ${kind}`, `${describe}: ${detail}`);
  for (const line of findLogFaults(server.output())) report.fault('log', `${describe}: ${line}`);
  report.count('rounds');
}

/** Waits until every stream has begun, or long enough: endless ones wait for each other's slots. */
async function waitUntilAnswered(requests: readonly OpenRequest[]): Promise<void> {
  const until = performance.now() + openMs;
  while (requests.some(({ headReceived }) => !headReceived()) && performance.now() < until) await delay(10);
}
