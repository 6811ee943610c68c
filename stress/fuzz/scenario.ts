import { createRandom } from '../random.ts';
import type { Report, Scenario } from '../scenario.ts';
import { findLogFaults } from '../server/log-faults.ts';
import { residentMegabytes } from '../server/memory.ts';
import { createAgent, parseReplyJson, postJson, request } from '../server/request.ts';
import { createServerFolders, startServer } from '../server/server-process.ts';
import { readApi } from './api.ts';
import { createIds, shippedModels } from './ids.ts';
import { checkReply } from './check-reply.ts';
import { randomRequest, type RandomRequest } from './random-request.ts';

const callers = 6;
/** Minimum number of requests. */
const minRequests = 500;
/** The server ends a request after at most five seconds; the machine may be busy. */
const timeoutMs = 45_000;
/** Requests between two memory measurements, at which unloaded models are loaded again. */
const measureInterval = 2500;
/** Intervals in which caches are filled, and the limit of the memory's rise afterwards. */
const warmUpIntervals = 8;
const allowedRiseMegabytes = 200;

export const fuzz: Scenario = {
  name: 'fuzz',
  about:
    'random requests from openapi.json: no server errors but 503, 504 and 507, no hangs, constant memory',
  share: 15,
  async run({ seed, seconds, requests }, report) {
    const end = performance.now() + seconds * 1000;
    const random = createRandom(seed);
    const { models, data, remove } = createServerFolders();
    const server = startServer({
      models,
      data,
      settings: {
        WORKERS: 1,
        MAX_TOKENS: 300,
        TIMEOUT_MS: 4000,
        MAX_TIMEOUT_MS: 5000,
        TRAINING_MEMORY_MB: 64,
        TRAINING_QUEUE: 20,
        MAX_DATASET_BYTES: 200_000,
      },
    });
    await server.listening;
    const { port, pid } = server;
    const agent = createAgent(callers);
    const [api, ids] = [readApi(), createIds()];
    const memory: number[] = [residentMegabytes(pid)];
    const connections = new Map<number, readonly RandomRequest[]>();
    let sent = 0;
    const caller = async (): Promise<void> => {
      while (sent < requests && (sent < minRequests || performance.now() < end) && server.exit === null) {
        sent++;
        const number = sent;
        const randomized = randomRequest({ random, ...api, ids });
        if (deletesShippedModel(randomized)) continue;
        const reply = await request(port, { ...randomized, agent, timeoutMs });
        const before = connections.get(reply.localPort) ?? [];
        checkReply(randomized, reply, before, report);
        connections.set(reply.localPort, [...before, randomized].slice(-2));
        ids.add(parseReplyJson(reply)['id']);
        if (number % measureInterval > 0 || server.exit !== null) continue;
        memory.push(residentMegabytes(pid));
        for (const model of shippedModels)
          await request(port, { method: 'POST', path: `/v2/repository/models/${model}/load`, agent });
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    agent.destroy();
    report.count('requests', sent);
    checkMemory(memory, report);
    for (const model of shippedModels)
      await request(port, { method: 'POST', path: `/v2/repository/models/${model}/load` });
    const alive = await postJson(port, '/v1/models/language/classify', { input: 'hallo' });
    if (alive.status !== 200) report.fault('not alive', `${alive.status} ${alive.error} ${alive.body}`);
    for (const line of findLogFaults(server.output())) report.fault('log', line);
    server.kill('SIGTERM');
    const { code } = await server.ended;
    if (code !== 0) report.fault('exit', `${code} after SIGTERM: ${server.output().slice(-1500)}`);
    remove();
  },
};

/** Whether it would leave nothing for the other requests to call. */
const deletesShippedModel = ({ method, path }: RandomRequest): boolean =>
  method === 'DELETE' &&
  shippedModels.some((model) => new RegExp(`^/v1/models/${model}(/versions/|[?/]?$|\\?)`).test(path));

function checkMemory(memory: readonly number[], report: Report): void {
  const shown = memory.map((megabytes) => Math.round(megabytes));
  report.count('MB at the start', shown[0]);
  report.count('MB at the end', shown.at(-1));
  const afterWarmUp = memory.slice(warmUpIntervals);
  if (afterWarmUp.length > 1 && afterWarmUp.at(-1)! > afterWarmUp[0]! + allowedRiseMegabytes)
    report.fault('memory rises', `MB after every ${measureInterval} requests: ${shown.join(' ')}`);
}
