import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { readEvents } from '../events.ts';
import { modelFolder } from '../model-folder.ts';
import { startServer, until, type ServerProcess } from '../server-process.ts';
import { collectOutput } from '../start-process.ts';
import { shutDownUnderLoad, type LoadOptions } from './load.ts';
import { postText, RawConnection } from './raw-client.ts';

const folder = modelFolder(['classifier', 'writer']);
afterAll(() => folder.remove());

const load: LoadOptions = {
  streams: 8,
  begun: 8,
  tokens: 1_000_000,
  fresh: 3,
  kept: 3,
  idle: 4,
  unfinished: true,
  writer: 'writer',
  classifier: 'classifier',
};
const start = (settings: Record<string, string | number> = {}): Promise<ServerProcess> =>
  startServer(folder.path, {
    MAX_TOKENS: 1_000_000,
    DRAIN_MS: 500,
    // what is asked here is who is answered, not how fast
    MAX_EVENT_LOOP_DELAY_MS: 0,
    RECEIVE_MS: 600_000,
    ...settings,
  });

// A connection that is completed in the moment in which the listening socket is closed is reset by the kernel, and a client
// on a starved machine can hit that moment: such a run is repeated.
describe('SIGTERM under load', { retry: 2 }, () => {
  it('gives every stream its last event and every request an answer, resets no connection, and ends with 0', async () => {
    const server = await start();
    const { exitCode, counts, faults } = await shutDownUnderLoad(server, load);
    expect(faults).toEqual([]);
    expect(exitCode).toBe(0);
    expect(counts).toMatchObject({
      'stream: shutting_down': 8,
      'idle: closed': 4,
      'half a request: 503': 1,
    });
  });

  it('does the same while models are being loaded', async () => {
    const server = await start();
    const copies = Array.from({ length: 40 }, (_, i) => join(folder.path, `writer/${i + 2}`));
    let asked: Promise<number> | undefined;
    const { exitCode, faults } = await shutDownUnderLoad(server, {
      ...load,
      async before() {
        for (const copy of copies) cpSync(join(folder.path, 'writer/1'), copy, { recursive: true });
        // a scan begins at once, and goes on while the server shuts down
        asked = server.post('/v2/repository/models/writer/load', {}).then(({ status }) => status);
        await delay(200);
      },
    });
    for (const copy of copies) rmSync(copy, { recursive: true });
    expect(faults).toEqual([]);
    expect([200, 503]).toContain(await asked);
    expect(exitCode).toBe(0);
  });

  it('lets streams finish that can, on connections that then close', async () => {
    const server = await start({ DRAIN_MS: 60_000 });
    const { exitCode, counts, faults } = await shutDownUnderLoad(server, {
      ...load,
      tokens: 500,
      unfinished: false,
    });
    expect(faults).toEqual([]);
    expect(exitCode).toBe(0);
    expect(counts).toMatchObject({ 'stream: done': 8 });
  });
});

describe('SIGTERM while a network is trained', () => {
  it('ends the stream of its events, its thread and the process', async () => {
    const server = await start({ DRAIN_MS: 30_000 });
    const { id } = await server.ask<{ id: string }>('/v1/training/jobs', {
      model: 'endless',
      task: 'classify',
      network: { layers: [{ type: 'embedding', units: 16 }, { type: 'recurrent', cell: 'gru', units: 32 }, { type: 'dense' }] }, // prettier-ignore
      data: {
        records: [
          { text: 'good morning', label: 'a' },
          { text: 'many thanks', label: 'b' },
        ],
      },
      validation: { share: 0 },
      budget: { epochs: 100_000 },
    });
    const reply = await server.get(`/v1/training/jobs/${id}/events?stream=true`);
    let killed = false;
    const { events } = await readEvents(reply, ({ event }) => {
      if (event === 'progress' && !killed) killed = server.process.kill('SIGTERM');
    });
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { code: 'shutting_down' } });
    await until(() => server.process.exitCode !== null, 20_000);
    expect(server.process.exitCode).toBe(0);
  });
});

describe('a signal to a server that is starting', () => {
  it('ends it with 0', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../../bin/unroll.js'), 'serve'], {
      env: { PATH: process.env['PATH'], UNROLL_MODELS: folder.path, UNROLL_DATA: folder.path, UNROLL_PORT: '0', UNROLL_WORKERS: '1' }, // prettier-ignore
    });
    const output = collectOutput(child);
    await until(() => output().includes('kernel ready'), 20_000);
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });
});

describe('npm start', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'passes %s on to the server, and ends with its exit code',
    async (signal) => {
      const data = mkdtempSync(join(tmpdir(), 'unroll-data-'));
      const npm = spawn('npm', ['start'], {
        cwd: join(import.meta.dirname, '../../..'),
        env: {
          PATH: process.env['PATH'],
          HOME: process.env['HOME'],
          UNROLL_MODELS: folder.path,
          UNROLL_DATA: data,
          UNROLL_PORT: '0',
          UNROLL_WORKERS: '1',
        },
        // a group of its own, which is ended whatever happens
        detached: true,
      });
      try {
        const output = collectOutput(npm);
        const [, port] = await until(() => /"url":"http:[^"]+:(\d+)"/.exec(output()), 30_000);
        const exited = once(npm, 'exit');
        npm.kill(signal);
        expect(await exited).toEqual([0, null]);
        expect(output()).toContain(`"signal":"${signal}"`);
        const after = await new RawConnection(Number(port)).request(postText('/', {}));
        expect(after).toEqual({ kind: 'refused' });
      } finally {
        if (npm.exitCode === null) process.kill(-npm.pid!, 'SIGKILL');
        rmSync(data, { recursive: true, force: true });
      }
    },
  );
});

describe('Ctrl-C', () => {
  it('that arrives twice, from the terminal and from npm, is one order', async () => {
    const server = await start();
    const stream = { max_tokens: 1_000_000, stream: true, timeout_ms: 60_000 };
    const reading = readEvents(await server.post('/v1/models/writer/generate', stream));
    server.process.kill('SIGINT');
    server.process.kill('SIGINT');
    const { events } = await reading;
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { code: 'shutting_down' } });
    await until(() => server.process.exitCode !== null, 20_000);
    expect(server.process.exitCode).toBe(0);
  });
});
