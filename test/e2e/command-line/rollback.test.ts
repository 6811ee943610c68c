import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runProgram } from '../../support/run-program.ts';
import { modelFolder } from '../model-folder.ts';
import { startServer, type ServerProcess } from '../server-process.ts';

// The rollback drill from a shell, with traffic on the model all the time.

const program = join(import.meta.dirname, '../../../bin/unroll.js');
const folder = modelFolder(['numbers']);
const files = mkdtempSync(join(tmpdir(), 'unroll-rollback-'));
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, { WORKERS: 1, MAX_EVENT_LOOP_DELAY_MS: 0 });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
  rmSync(files, { recursive: true });
});

const unroll = async (...args: string[]): Promise<string> => {
  const env = { PATH: process.env['PATH'], UNROLL_SERVER: server.url };
  const { code, output } = await runProgram(process.execPath, [program, ...args], { env });
  expect(code, output).toBe(0);
  return output;
};

const texts = Array.from(
  { length: 32 },
  (_, i) => 'ab'[i % 2]! + [0, 1, 2, 3].map((bit) => 'ab'[(i >> bit) & 1]).join(''),
);
const label = (text: string, right: boolean): string => (text.startsWith('a') === right ? 'x' : 'y');
const records = (right: boolean) => texts.map((text) => ({ text, label: label(text, right) }));

/** Trains a version on right or wrong labels, measured on the right ones. @returns the job, as `jobs show` prints it */
async function train(right: boolean): Promise<{ readonly id: string; readonly published: string | null }> {
  const config = join(files, 'job.json');
  const layers = [
    { type: 'embedding', units: 4 },
    { type: 'recurrent', cell: 'gru', units: 6 },
    { type: 'dense' },
  ];
  writeFileSync(
    config,
    JSON.stringify({
      model: 'letters',
      task: 'classify',
      network: { layers },
      data: { records: records(right) },
      validation: { records: records(true) },
      hyperparameters: { learning_rate: 0.05, batch_size: 16 },
      budget: { epochs: right ? 20 : 1 },
    }),
  );
  const { id } = JSON.parse(await unroll('jobs', 'create', config, '--json')) as { id: string };
  await unroll('jobs', 'follow', id);
  return JSON.parse(await unroll('jobs', 'show', id, '--json')) as { id: string; published: string | null };
}

it('a worse version takes no traffic until it is published by force, and is rolled back, with no failed request', async () => {
  expect(await train(true)).toMatchObject({ published: 'letters@1' });
  const failures: string[] = [];
  let running = true;
  let version = 0;
  const traffic = (async () => {
    while (running) {
      const reply = await server.post('/v1/models/letters/classify', { input: 'abba' });
      const body = (await reply.json()) as { version: number };
      if (reply.status === 200) ({ version } = body);
      else failures.push(`${reply.status} ${JSON.stringify(body)}`);
      await delay(10);
    }
  })();

  const worse = await train(false);
  expect(worse.published).toBeNull();
  expect(version).toBe(1);

  expect(await unroll('jobs', 'publish', worse.id)).toBe('published letters@2\n');
  await expect.poll(() => version, { timeout: 30_000 }).toBe(2);

  expect(await unroll('rollback', 'letters')).toBe('letters@default is version 1 again, in place of 2\n');
  await expect.poll(() => version, { timeout: 30_000 }).toBe(1);

  expect(await unroll('publish', 'letters@2', '--alias', 'canary')).toBe('letters@canary is version 2\n');
  expect(await unroll('publish', 'letters@2')).toBe('letters@default is version 2\n');
  await expect.poll(() => version, { timeout: 30_000 }).toBe(2);
  expect(await unroll('rollback', 'letters', '--to', '1')).toContain('is version 1 again');
  await expect.poll(() => version, { timeout: 30_000 }).toBe(1);

  running = false;
  await traffic;
  expect(failures).toEqual([]);
}, 240_000);
