import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readEvents } from './events.ts';
import { modelFolder } from './model-folder.ts';
import { startServer, until } from './server-process.ts';

const folder = modelFolder(['classifier', 'writer']);
afterAll(() => folder.remove());

const start = (settings = {}) =>
  startServer(folder.path, settings, {
    nodeArgs: ['--import', join(import.meta.dirname, 'preload/throw-later.mjs')],
  });

interface Line {
  level: number;
  msg: string;
  err?: { message: string; stack: string };
}
/** Its log, without what is printed for people. */
const logged = (output: string): Line[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
const endless = { max_tokens: 1_000_000, stream: true, timeout_ms: 60_000 };

describe('an uncaught error', () => {
  it.each([
    ['in a timer', 'SIGUSR2', 'thrown in a timer'],
    ['in a promise', 'SIGWINCH', 'rejected and not handled'],
  ] as const)(
    '%s is logged with its stack, ends streams with an event and the process with 1',
    async (_, signal, message) => {
      const server = await start({ MAX_TOKENS: 1_000_000 });
      const reply = await server.post('/v1/models/writer/generate', endless);
      const reading = readEvents(reply);
      const exited = once(server.process, 'exit');
      server.process.kill(signal);
      const { events } = await reading;
      expect(events.at(-1)).toMatchObject({ event: 'error', data: { code: 'shutting_down' } });
      expect(await exited).toEqual([1, null]);
      const [fatal] = logged(server.output()).filter(({ level }) => level === 60);
      expect(fatal).toMatchObject({ msg: 'uncaught error: the server shuts down', err: { message } });
      expect(fatal!.err!.stack).toContain('throw-later.mjs');
    },
  );
});

describe('a second signal', () => {
  it('ends the server at once with 1', async () => {
    const server = await start({ MAX_TOKENS: 1_000_000, DRAIN_MS: 60_000 });
    const reply = await server.post('/v1/models/writer/generate', endless);
    const reading = readEvents(reply).catch((error: unknown) => error);
    server.process.kill('SIGTERM');
    await until(async () => (await server.get('/v2/health/ready')).status === 503);
    const exited = once(server.process, 'exit');
    // one that comes right after the first is the same, sent twice
    await until(() => {
      server.process.kill('SIGTERM');
      return server.process.exitCode !== null;
    }, 20_000);
    expect(await exited).toEqual([1, null]);
    expect(server.output()).toContain('second signal: the server exits at once');
    await reading;
  });
});

describe('a signal of a crash', () => {
  it('is not taken for an order to shut down', async () => {
    const server = await start();
    const exited = once(server.process, 'exit');
    server.process.kill('SIGSEGV');
    expect(await exited).toEqual([null, 'SIGSEGV']);
  });
});
