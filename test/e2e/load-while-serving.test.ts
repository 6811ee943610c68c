import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder, type ModelFolder } from './model-folder.ts';
import { writeLargeModel } from './large-model.ts';
import { startServer, type ServerProcess } from './server-process.ts';

// What a model folder contains may take long to read, but not on the main thread: other requests are answered meanwhile.

/** CPU time between two turns of the main thread's event loop. Loading these models takes several times as long. */
const longestRunMs = 50;
const megabytes = 80;

let folder: ModelFolder;
let work: string;
let server: ServerProcess;
const probeFile = (): string => join(work, 'probe.jsonl');

beforeAll(async () => {
  folder = modelFolder(['classifier']);
  work = mkdtempSync(join(tmpdir(), 'unroll-probe-'));
  writeFileSync(probeFile(), '');
  const probe = pathToFileURL(join(import.meta.dirname, 'event-loop-probe.mjs')).href;
  server = await startServer(
    folder.path,
    { WATCH: 'false' },
    { nodeArgs: ['--import', probe], environment: { EVENT_LOOP_PROBE_FILE: probeFile() } },
  );
});
afterAll(async () => {
  await server.stop();
  folder.remove();
  rmSync(work, { recursive: true, force: true });
});

/** Asks for a load while others classify. @returns its status and what it said, and the main thread's longest run */
async function loadWhileServing(name: string) {
  const classify = (): Promise<unknown> =>
    server.ask('/v1/models/classifier/classify', { input: 'what is served meanwhile' });
  for (let call = 0; call < 20; call++) await classify();
  truncateSync(probeFile(), 0);
  let over = false;
  const loading = server.post(`/v2/repository/models/${name}/load`, {}).finally(() => (over = true));
  let served = 0;
  while (!over) {
    await classify();
    served++;
  }
  const reply = await loading;
  const body = await reply.text();
  const lines = readFileSync(probeFile(), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const runs = lines.map((line) => (JSON.parse(line) as { longestCpuMs: number }).longestCpuMs);
  return { status: reply.status, body, served, longestMs: Math.max(...runs) };
}

describe('while it loads', () => {
  it(`a model of ${megabytes} MB, others are answered`, async () => {
    writeLargeModel(folder.path, 'large', 1, megabytes);
    const { status, body, served, longestMs } = await loadWhileServing('large');
    expect(body).toBe('{}');
    expect(status).toBe(200);
    expect(served).toBeGreaterThan(3);
    expect(longestMs).toBeLessThan(longestRunMs);
    const details = await (await server.get('/v1/models/large')).json();
    expect(details).toMatchObject({ ready: true, kernel: { path: expect.any(String) } });
  });

  it('a vocabulary of 100,000 tokens, others are answered', async () => {
    const tokens = Array.from({ length: 100_000 }, (_, id) => `token-${id}`);
    folder.write('words', 1, {
      task: 'classify',
      inputs: { kind: 'text', vocabulary: 'words', tokens },
      network: {
        layers: [
          { type: 'embedding', vocabulary: tokens.length, units: 4 },
          { type: 'recurrent', cell: 'gru', units: 4 },
          { type: 'pool', mode: 'last' },
          { type: 'dense', units: 2, activation: 'softmax' },
        ],
      },
      outputs: { labels: ['a', 'b'] },
    });
    const { status, longestMs } = await loadWhileServing('words');
    expect(status).toBe(200);
    expect(longestMs).toBeLessThan(longestRunMs);
    const reply = await server.ask<{ usage: object }>('/v1/models/words/classify', {
      input: ['token-99999 token-17 something'],
    });
    expect(reply.usage).toMatchObject({ steps: expect.any(Number) });
  });

  it('a zip with gigabytes behind small declared sizes, which is refused by name', async () => {
    const place = join(folder.path, 'liar', '1');
    mkdirSync(place, { recursive: true });
    const content = new Uint8Array(200e6);
    content.set(Buffer.from('\x93NUMPY'));
    const zip = Buffer.from(zipSync({ 'a.npy': content }, { level: 9 }));
    // the size in the directory
    zip.writeUInt32LE(2000, zip.readUInt32LE(zip.length - 6) + 24);
    writeFileSync(join(place, 'model.npz'), zip);
    const { status, body, longestMs } = await loadWhileServing('liar');
    expect(status).toBe(422);
    expect(body).toContain('has more than the 2000 bytes that the directory says');
    expect(longestMs).toBeLessThan(longestRunMs);
  });
});

it('ends within the drain while a model loads', async () => {
  const slow = modelFolder(['classifier']);
  writeLargeModel(work, 'large', 1, megabytes);
  const own = await startServer(slow.path, { WATCH: 'false', DRAIN_MS: 1000 });
  renameSync(join(work, 'large'), join(slow.path, 'large'));
  const loading = own.post('/v2/repository/models/large/load', {}).catch(() => null);
  await own.get('/v2/health/live');
  expect(await own.stop()).toBe(0);
  await loading;
  slow.remove();
});
