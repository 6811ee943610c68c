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
/** However little time there is. */
const fewest = 500;
/** The server ends a request after five seconds at the latest; the machine may be busy. */
const timeoutMs = 45_000;
/** Requests between two looks at the memory, at which models are loaded again that requests have unloaded. */
const stretch = 2500;
/** The first stretches fill caches. From then on memory may rise by this much, and no more. */
const warmStretches = 8;
const allowedRiseMegabytes = 200;

export const fuzz: Scenario = {
  name: 'fuzz',
  about: 'random requests drawn from openapi.json: no failure but 503, 504 and 507, no hang, memory level',
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
      while (sent < requests && (sent < fewest || performance.now() < end) && server.exit === null) {
        sent++;
        const number = sent;
        const asked = randomRequest({ random, ...api, ids });
        const reply = await request(port, { ...asked, agent, timeoutMs });
        const before = connections.get(reply.localPort) ?? [];
        checkReply(asked, reply, before, report);
        connections.set(reply.localPort, [...before, asked].slice(-2));
        ids.add(parseReplyJson(reply)['id']);
        if (number % stretch > 0 || server.exit !== null) continue;
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

function checkMemory(memory: readonly number[], report: Report): void {
  const shown = memory.map((megabytes) => Math.round(megabytes));
  report.count('MB at the start', shown[0]);
  report.count('MB at the end', shown.at(-1));
  const level = memory.slice(warmStretches);
  if (level.length > 1 && level.at(-1)! > level[0]! + allowedRiseMegabytes)
    report.fault('memory rises', `MB after every ${stretch} requests: ${shown.join(' ')}`);
}
