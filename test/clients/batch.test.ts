import { expect, it } from 'vitest';
import { createClient } from '../../src/client/index.ts';
import { until } from '../e2e/server-process.ts';
import { serveForClients } from './client-server.ts';
import { sendJson, startFakeServer } from './fake-server.ts';

// Batches of lines, by the TypeScript client.

const served = serveForClients();

it('answers each line in order, as a call does, and a line that is refused with its error', async () => {
  const lines = '{"input":"one 😀"}\n{"inputs":"two"}\n{"input":"three"}';
  const answers = await Array.fromAsync(served.unroll.batch('classify', 'classifier', lines));
  expect(answers.map(({ line, error }) => [line, error?.code])).toEqual([
    [1, undefined],
    [2, 'invalid_request'],
    [3, undefined],
  ]);
  const { predictions } = await served.unroll.classify('classifier', { input: 'three' });
  expect(answers[2]).toMatchObject({ predictions });
});

it('answers the first lines before the last are sent, and ends what is left early', async () => {
  let sent = 0;
  let cancelled = false;
  const requests = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode(`{"input":"line ${sent++}"}\n`));
    },
    cancel() {
      cancelled = true;
    },
  });
  for await (const { line } of served.unroll.batch('classify', 'classifier', requests))
    if (line === 100) break;
  await until(() => cancelled);
  expect(sent).toBeGreaterThanOrEqual(100);
  await until(async () => (await served.server.metric('unroll_sequences_active')) === 0);
});

it('throws what the whole batch is refused with, and a reply that is none of lines', async () => {
  const missing = served.unroll.batch('classify', 'nobody', '{"input":"a"}');
  await expect(missing.next()).rejects.toMatchObject({ code: 'model_not_found', status: 404 });
  const fake = await startFakeServer();
  fake.answer(sendJson(200, {}));
  const other = createClient({ url: fake.url }).batch('classify', 'classifier', '{"input":"a"}');
  await expect(other.next()).rejects.toMatchObject({ code: 'invalid_reply' });
});
