import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { startSite, type Site } from '../e2e/page.ts';
import { startServer, until } from '../e2e/server-process.ts';
import { itWithProgram } from '../support/needs.ts';
import { servedModels, settings } from './served-models.ts';

// The TypeScript client in a browser, from a page of another origin.

const client = join(import.meta.dirname, '../../src/client');
const folder = servedModels();
/** Serves the client's files without their types. */
const files = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' });
  response.end(stripTypeScriptTypes(readFileSync(join(client, basename(request.url!)), 'utf8')));
});
let site: Site;
beforeAll(async () => {
  await once(files.listen(0, '127.0.0.1'), 'listening');
  site = await startSite();
});
afterAll(() => {
  site.close();
  files.close();
  folder.remove();
});

itWithProgram(
  { program: 'chromium', debianPackage: 'chromium' },
  'runs tasks, streams, sessions and uploads, and ends what it leaves',
  async () => {
    const server = await startServer(folder.path, { ...settings, CORS_ORIGIN: site.origin });
    const result = await site.run(`
      const { createClient, UnrollError } =
        await import('http://127.0.0.1:${(files.address() as AddressInfo).port}/index.ts');
      const unroll = createClient({ url: '${server.url}' });
      const { predictions } = await unroll.classify('classifier', { input: 'abc', top_k: 1 });
      const events = [];
      for await (const { event } of unroll.generateStream('writer', { max_tokens: 3, seed: 1 })) events.push(event);
      const endless = { max_tokens: 1000000, timeout_ms: 200000 };
      for await (const _ of unroll.generateStream('writer', endless)) break;
      const controller = new AbortController();
      let reason;
      try {
        for await (const _ of unroll.generateStream('writer', endless, { signal: controller.signal })) controller.abort();
      } catch (error) {
        reason = error.name;
      }
      const session = await unroll.sessions.create({ model: 'writer' });
      await session.steps({ input: 'abc' });
      const snapshot = await session.snapshot();
      const copy = await unroll.sessions.restore('copy', snapshot);
      const dataset = await unroll.datasets.upload(new Blob(['{"text": "a"}']), { format: 'jsonl' });
      const error = await unroll.classify('nobody', { input: 'a' }).catch((caught) => caught);
      return {
        label: predictions.length, events, reason, position: copy.position, bytes: dataset.bytes,
        error: error instanceof UnrollError && [error.code, error.status],
      };
    `);
    expect(result).toEqual({
      label: 1,
      events: ['token', 'token', 'token', 'done'],
      reason: 'AbortError',
      position: 3,
      bytes: 13,
      error: ['model_not_found', 404],
    });
    await until(async () => (await server.metric('unroll_streams_open')) === 0);
    expect(await server.stop()).toBe(0);
  },
);
