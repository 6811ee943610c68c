import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { modelFolder } from '../e2e/model-folder.ts';
import { startServer, until, type ServerProcess } from '../e2e/server-process.ts';
import { itWithProgram } from '../support/needs.ts';

// The page in a real browser, with its fake microphone. The model is a small random one that takes a window of 512 samples.

const window = 512;
const folder = modelFolder([]);
const profile = mkdtempSync(join(tmpdir(), 'unroll-chromium-'));
let page: ChildProcess;
let server: ServerProcess;
let origin = '';
beforeAll(async () => {
  folder.write('vad', 1, {
    task: 'predict',
    inputs: {
      kind: 'numeric',
      features: Array.from({ length: window }, (_, i) => ({ name: `sample_${i}` })),
    },
    network: {
      layers: [
        { type: 'recurrent', cell: 'gru', units: 8 },
        { type: 'dense', units: 1, activation: 'sigmoid' },
      ],
    },
  });
  page = spawn(process.execPath, [
    join(import.meta.dirname, '../../examples/live-voice/serve.ts'),
    '--port',
    '0',
  ]);
  const [line] = (await once(page.stdout!, 'data')) as [Buffer];
  origin = line.toString().trim();
  server = await startServer(folder.path, { CORS_ORIGIN: origin, LOG_LEVEL: 'info' });
});
afterAll(async () => {
  page.kill();
  await server.stop();
  folder.remove();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
});

describe('the page of live voice detection', () => {
  itWithProgram(
    { program: 'chromium', debianPackage: 'chromium' },
    'sends a microphone and a generated sound, block by block, and is answered',
    async () => {
      for (const source of ['microphone', 'sound']) {
        const steps = await server.metric('unroll_model_steps_total');
        const url = `${origin}/?server=${server.url.replace('http', 'ws')}&source=${source}`;
        const args = [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--use-fake-device-for-media-stream',
          '--use-fake-ui-for-media-stream',
          '--autoplay-policy=no-user-gesture-required',
          `--user-data-dir=${profile}`,
          url,
        ];
        const browser = spawn('chromium', args, { stdio: 'ignore', detached: true });
        const exited = once(browser, 'exit');
        try {
          // metrics count the sequences that have ended: each window is one
          await until(async () => (await server.metric('unroll_model_steps_total')) >= steps + 20, 60_000);
        } finally {
          process.kill(-browser.pid!, 'SIGKILL');
          await exited;
        }
        await until(async () => (await server.metric('unroll_streams_open')) === 0, 10_000);
      }
      expect(server.output()).not.toContain('"code":"input_mismatch"');
    },
  );
});
