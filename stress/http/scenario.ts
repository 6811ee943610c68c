import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createRandom } from '../random.ts';
import type { Report, Scenario } from '../scenario.ts';
import { findLogFaults } from '../server/log-faults.ts';
import { createAgent, parseReplyJson, postJson, readMetric, request } from '../server/request.ts';
import { createServerFolders, startServer, type ServerProcess } from '../server/server-process.ts';
import { makeCall } from './make-call.ts';
import { createCalls, type Call } from './calls.ts';

const callers = 40;
/** Minimum time under load. */
const shortestMs = 5000;
/** Time limit for gauges to return to 0 after the last call. */
const settleMs = 15_000;

export const http: Scenario = {
  name: 'http',
  about:
    'a server with the shipped models: streams, lists, hang-ups, slow readers, killed workers, swaps; bit-identical results',
  share: 25,
  async run({ seed, seconds }, report) {
    const end = performance.now() + seconds * 1000;
    const random = createRandom(seed);
    const slots = random.pick([2, 5, 8]);
    const { models, data, remove } = createServerFolders();
    const server = startServer({
      models,
      data,
      settings: {
        WORKERS: random.int(2, 4),
        SLOTS: slots,
        QUEUE: 5000,
        MAX_EVENT_LOOP_DELAY_MS: 0,
        TIMEOUT_MS: 120_000,
        // admission is not what is tested here: on a machine that is busy with other things it would refuse
        MAX_EXPECTED_MS: 3_600_000,
      },
      preload: [join(import.meta.dirname, '../server/kill-worker.ts')],
    });
    await server.listening;
    const { port } = server;
    const agent = createAgent(200);
    const calls = createCalls(random, slots);
    const alone = new Map<Call, string>();
    for (const call of calls) {
      const reply = await postJson(port, call.path, call.body, { agent });
      if (reply.status !== 200) throw new Error(`${call.path}: ${reply.status} ${reply.body}`);
      alone.set(call, JSON.stringify(parseReplyJson(reply)[call.resultField]));
    }
    const deadline = Math.max(end, performance.now() + shortestMs);
    const isRunning = (): boolean => performance.now() < deadline && server.exit === null;
    const caller = async (): Promise<void> => {
      while (isRunning()) await makeCall({ port, agent, random, report, calls, alone });
    };
    const killer = async (): Promise<void> => {
      while (isRunning()) {
        await delay(random.int(500, 4000));
        server.kill('SIGWINCH');
        report.count('killed workers');
      }
    };
    const swapper = async (): Promise<void> => {
      const names = [...new Set(calls.map(({ model }) => model))];
      while (isRunning()) {
        await delay(random.int(300, 2000));
        await swap(random.pick(names), random.chance(0.5), { port, models, report });
      }
    };
    await Promise.all([...Array.from({ length: callers }, caller), killer(), swapper()]);
    agent.destroy();
    await checkLeftovers(server, report);
    remove();
  },
};

/** Reloads a model, by a request or by touching its file. */
async function swap(
  model: string,
  touch: boolean,
  { port, models, report }: { port: number; models: string; report: Report },
): Promise<void> {
  if (touch) {
    const now = new Date();
    utimesSync(join(models, model, '1', 'model.json'), now, now);
    return report.count('touched models');
  }
  const reply = await request(port, { method: 'POST', path: `/v2/repository/models/${model}/load` });
  if (reply.status === 200) report.count('models loaded again');
  // every worker that was loading it was killed
  else if (/crashed/.test(reply.body)) report.count('loads failed after killed workers');
  else report.fault(`load: ${reply.error ?? reply.status}`, `${model}: ${reply.body.slice(0, 300)}`);
}

async function checkLeftovers(server: ServerProcess, report: Report): Promise<void> {
  if (server.exit !== null)
    return report.fault('the server ended', `${JSON.stringify(server.exit)} ${server.output().slice(-1500)}`);
  const gauges = ['unroll_sequences_waiting', 'unroll_sequences_active', 'unroll_streams_open'];
  const deadline = performance.now() + settleMs;
  let left: string[] = [];
  do {
    const values = await Promise.all(gauges.map((name) => readMetric(server.port, name)));
    left = gauges.filter((_, i) => values[i] !== 0).map((name) => `${name} ${values[gauges.indexOf(name)]}`);
    if (left.length > 0) await delay(200);
  } while (left.length > 0 && performance.now() < deadline);
  if (left.length > 0) report.fault('sequences left over after the last call', left.join(', '));
  const unreconciled = await readMetric(server.port, 'unroll_engine_unreconciled_sequences');
  if ((unreconciled ?? 0) !== 0) report.fault('unreconciled', `${unreconciled} sequences`);
  const padding = await readMetric(server.port, 'unroll_padding_rows_total');
  if (padding !== 0) report.fault('padding', `unroll_padding_rows_total ${padding}`);
  for (const line of findLogFaults(server.output(), /^a worker crashed and is replaced$/))
    report.fault('log', line);
  server.kill('SIGTERM');
  const { code } = await server.ended;
  if (code !== 0) report.fault('exit', `${code} after SIGTERM`);
}
