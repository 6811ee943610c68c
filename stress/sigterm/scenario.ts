import { setTimeout as delay } from 'node:timers/promises';
import { createRandom, type Random } from '../random.ts';
import type { Report, Scenario } from '../scenario.ts';
import { findLogFaults } from '../server/log-faults.ts';
import { request } from '../server/request.ts';
import { createServerFolders, startServer } from '../server/server-process.ts';
import { openRequest, type OpenRequest } from './open-request.ts';

/** Time limit from the end of the drain to the exit of the process. */
const endMs = 5000;
const maxOpenMs = 8000;
const maxTokens = 1_000_000;

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
    /** Short streams finish during the drain, endless ones are ended by it. */
    tokens: random.pick([60, 60, maxTokens]),
    /** Whether SIGTERM is sent once requests are sent, or once streams have begun. */
    early: random.chance(0.4),
    loads: random.chance(0.5),
  };
  const describe = `round ${round} ${JSON.stringify(plan)}`;
  const server = startServer({
    ...folders,
    settings: {
      WORKERS: plan.workers,
      DRAIN_MS: plan.drainMs,
      MAX_TOKENS: maxTokens,
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
  if (!plan.early) await waitUntilBegun(open);
  report.count('streams begun at SIGTERM', open.filter(({ headReceived }) => headReceived()).length);
  if (plan.loads) {
    void request(server.port, { method: 'POST', path: '/v2/repository/models/pronounce/load' });
    await delay(random.int(0, 30));
  }
  server.kill('SIGTERM');
  const sentAt = performance.now();
  await delay(Math.min(300, plan.drainMs / 2));
  const late = openRequest(server.port, '/v1/models/language/classify', { input: 'a' });
  const exit = await Promise.race([server.ended, delay(plan.drainMs + endMs * 2, null, { ref: false })]);
  const durationMs = performance.now() - sentAt;
  if (exit === null) {
    report.fault('the server does not exit', `${describe}: after ${durationMs.toFixed(0)} ms`);
    server.kill('SIGKILL');
  } else if (exit.code !== 0)
    report.fault(
      'exit',
      `${describe}: ${exit.code ?? exit.signal} after ${durationMs.toFixed(0)} ms: ${server.output().slice(-600)}`,
    );
  else if (durationMs > plan.drainMs + endMs)
    report.fault('the server exits late', `${describe}: after ${durationMs.toFixed(0)} ms`);
  for (const one of [...open, ...plain]) {
    const { kind, detail } = await one.ended;
    report.count(['last event', 'whole reply'].includes(kind) ? `${kind} ${detail}` : kind);
    if (kind !== 'last event' && kind !== 'whole reply')
      report.fault(`a request that had arrived was ${kind}`, `${describe}: ${detail}`);
  }
  const { kind, detail, keepsAlive } = await late.ended;
  if (kind === 'whole reply' && keepsAlive)
    report.fault('no "connection: close" while draining', `${describe}: ${detail}`);
  // without open streams the server may already be closing when this connection is made
  if (kind !== 'whole reply' && plan.tokens === maxTokens)
    report.fault(`a request while draining was ${kind}`, `${describe}: ${detail}`);
  // a request whose body arrived after it had been answered with 503, when the time for the drain was over
  const expected = /^Promise errored, but reply.sent = true was set$/;
  for (const line of findLogFaults(server.output(), expected)) report.fault('log', `${describe}: ${line}`);
  report.count('rounds');
}

/** Waits until every stream has begun, for a limited time: endless streams wait for free slots. */
async function waitUntilBegun(requests: readonly OpenRequest[]): Promise<void> {
  const deadline = performance.now() + maxOpenMs;
  while (requests.some(({ headReceived }) => !headReceived()) && performance.now() < deadline)
    await delay(10);
}
