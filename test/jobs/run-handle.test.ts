import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startRunThread } from '../../src/jobs/run-handle.ts';
import type { RunMessage } from '../../src/training/run/run-messages.ts';
import { spec, temporaryFolder } from './fixtures.ts';

it('starts a thread that reports, can be terminated, and sends why it failed', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'data.jsonl');
  writeFileSync(path, '{"text":"ab","label":"x"}\n{"text":"ba","label":"y"}\n'.repeat(20));
  const data = { path, format: 'jsonl' } as const;
  const request = {
    spec: spec('m', { budget: { epochs: 100_000 } }),
    validation: null,
    base: null,
    folder,
    resume: null,
    threads: 1,
    memoryMegabytes: 64,
  };
  const firstMessage = Promise.withResolvers<RunMessage>();
  const exited = Promise.withResolvers<string | null>();
  const run = startRunThread(
    { ...request, data },
    { onMessage: firstMessage.resolve, onExit: exited.resolve },
  );
  expect(await firstMessage.promise).toMatchObject({ kind: 'event', type: 'message' });
  run.kill();
  await exited.promise;

  const messages: RunMessage[] = [];
  const exit = Promise.withResolvers<string | null>();
  startRunThread(
    { ...request, data: { ...data, path: join(folder, 'none') } },
    { onMessage: (message) => void messages.push(message), onExit: exit.resolve },
  );
  expect(await exit.promise).toBeNull();
  expect(messages).toMatchObject([
    {
      kind: 'failed',
      code: 'internal',
      message: expect.stringMatching(/see the server log/) as string,
      stack: expect.stringMatching(/ENOENT/) as string,
    },
  ]);
  // callers see the message, the log the stack
  expect((messages[0] as { message: string }).message).not.toMatch(/\n/);
});
