import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A site whose page runs a script in Chromium. */
export interface Site {
  readonly origin: string;
  /** @param script the body of an async function. @returns what it returns, as JSON */
  run(script: string): Promise<unknown>;
  close(): void;
}

/** Starts a site of an origin of its own. */
export async function startSite(): Promise<Site> {
  let page = '';
  let report: (body: string) => void = () => {};
  const server = createServer((request, response) => {
    if (request.method !== 'POST') return void response.setHeader('content-type', 'text/html').end(page);
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      response.end();
      report(body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    async run(script) {
      page = `<!doctype html><body><script type="module">
        const run = async () => { ${script} };
        const result = await run().catch((error) => ({ failed: String(error) }));
        await fetch('/report', { method: 'POST', body: JSON.stringify(result ?? null) });
      </script>`;
      const profile = mkdtempSync(join(tmpdir(), 'unroll-chromium-'));
      const args = [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        `--user-data-dir=${profile}`,
        `${origin}/`,
      ];
      const reported = new Promise<string>((resolve) => (report = resolve));
      // a group of its own, which ends as a whole
      const child = spawn('chromium', args, { stdio: 'ignore', detached: true });
      const exited = once(child, 'exit').then(() =>
        Promise.reject(new Error('chromium ended without a report')),
      );
      exited.catch(() => {});
      try {
        return JSON.parse(await Promise.race([reported, exited])) as unknown;
      } finally {
        if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        await exited.catch(() => {});
        rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
      }
    },
    close: () => void server.close(),
  };
}
