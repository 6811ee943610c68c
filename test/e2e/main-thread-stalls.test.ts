import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodiesToAnswer } from './hostile-bodies/answer.ts';
import { graphModels } from './hostile-bodies/graph-models.ts';
import { bodiesForGraphs } from './hostile-bodies/graphs.ts';
import type { HostileBody } from './hostile-bodies/hostile-body.ts';
import { bodiesOfOpenai } from './hostile-bodies/openai.ts';
import { bodiesToParse } from './hostile-bodies/parse.ts';
import { bodiesToRead } from './hostile-bodies/read.ts';
import { bodiesToTrain } from './hostile-bodies/train.ts';
import { startServer, type ServerProcess } from './server-process.ts';

// No request keeps the main thread busy for long, whatever its body: others and the liveness probe are answered meanwhile.

/** Stretches of the main thread, in parses of a text of 1.2 MB (`measure-stalls.ts`): about 50 ms, and as much for the collector. */
const boundWorks = 8;

const hostileBodies = {
  ...bodiesToParse,
  ...bodiesToRead,
  ...bodiesToAnswer,
  ...bodiesForGraphs,
  ...bodiesToTrain,
  ...bodiesOfOpenai,
};
const root = mkdtempSync(join(tmpdir(), 'unroll-models-'));
let server: ServerProcess;

/** The longest stretch since the last question, in ms of CPU time and in fixed works. */
async function longestStall(): Promise<{ ms: number; fixedWorks: number }> {
  const answer = once(server.process, 'message');
  server.process.send('report');
  const [stall] = (await answer) as [{ ms: number; fixedWorks: number }];
  return stall;
}

const send = async ({ path, headers }: HostileBody, body: string | Buffer): Promise<[number, string]> => {
  const reply = await server.post(path, '', { body, ...(headers && { headers }) });
  return [reply.status, await reply.text()];
};

/** Ends a job or comparison that was accepted, so that it does not run beside the next bodies. */
async function cancelTraining(path: string, reply: string): Promise<void> {
  if (!path.startsWith('/v1/training/')) return;
  const { id } = JSON.parse(reply) as { id: string };
  expect((await server.post(`${path}/${id}/cancel`, {})).status).toBe(200);
}

beforeAll(async () => {
  cpSync(join(import.meta.dirname, '../../models'), root, { recursive: true });
  for (const [name, file] of Object.entries(graphModels)) {
    mkdirSync(join(root, name, '1'), { recursive: true });
    writeFileSync(join(root, name, '1', 'model.onnx'), file);
  }
  server = await startServer(
    root,
    { WORKERS: 1 },
    { nodeArgs: ['--import', join(import.meta.dirname, 'measure-stalls.ts')], messages: true },
  );
  // code that has not run yet is compiled in the first requests
  const tasks = Object.values(hostileBodies).filter(
    ({ path }) => !/^\/v1\/(training|fine_tuning|files)/.test(path),
  );
  for (const one of tasks.filter((_, i) => i % 8 === 0)) await send(one, one.body());
}, 120_000);
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  rmSync(root, { recursive: true, force: true });
});

describe('the main thread is not held up by', () => {
  // again when the collector or a slower machine adds to it: a body that holds the thread up does so each time
  it.each(Object.entries(hostileBodies))('%s', { retry: 8 }, async (name, hostile) => {
    const body = hostile.body();
    await longestStall();
    const answering = send(hostile, body);
    let probes = 0;
    let over = false;
    const ended = answering.finally(() => (over = true));
    while (!over) {
      expect((await server.get('/v2/health/live')).status).toBe(200);
      probes++;
      await Promise.race([ended, delay(20)]);
    }
    const [status, text] = await answering;
    const stall = await longestStall();
    if (process.env['TEST_TABLE'])
      console.log(`${stall.fixedWorks.toFixed(1)} works, ${stall.ms.toFixed(1)} ms, ${status}: ${name}`);
    expect([status, text.slice(0, 500)]).toEqual([
      expect.toBeOneOf([...hostile.statuses]),
      expect.any(String),
    ]);
    if (status === 200) await cancelTraining(hostile.path, text);
    if (hostile.says && status >= 400) expect(text).toMatch(hostile.says);
    expect(probes).toBeGreaterThan(0);
    expect(stall.fixedWorks).toBeLessThan(boundWorks);
  });
});
