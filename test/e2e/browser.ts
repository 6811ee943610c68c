import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/** A page that is open in Chromium. */
export interface Page {
  /** @param script the body of an async function. @returns what it returns, as JSON */
  run(script: string): Promise<unknown>;
  close(): Promise<void>;
}

interface Reply {
  readonly id: number;
  readonly result?: { readonly result: { readonly value: unknown }; readonly exceptionDetails?: object };
  readonly error?: object;
}

/** Opens a page in Chromium, and talks to it by the DevTools protocol. */
export async function openPage(url: string): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), 'unroll-chromium-'));
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0'];
  // a group of its own, which ends as a whole
  const child = spawn('chromium', [...args, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const exited = once(child, 'exit');
  let endpoint = '';
  for await (const line of createInterface(child.stderr)) {
    endpoint = /DevTools listening on ws:\/\/([^/]+)/.exec(line)?.[1] ?? '';
    if (endpoint !== '') break;
  }
  child.stderr.resume();
  const opened = await fetch(`http://${endpoint}/json/new?${encodeURIComponent(url)}`, { method: 'PUT' });
  const { webSocketDebuggerUrl } = (await opened.json()) as { webSocketDebuggerUrl: string };
  const socket = new WebSocket(webSocketDebuggerUrl);
  await once(socket, 'open');
  let calls = 0;
  const pending = new Map<number, (reply: Reply) => void>();
  socket.addEventListener('message', ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply;
    pending.get(reply.id)?.(reply);
    pending.delete(reply.id);
  });
  const evaluate = (expression: string): Promise<Reply> => {
    const id = ++calls;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    pending.set(id, resolve);
    const params = { expression, awaitPromise: true, returnByValue: true };
    socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params }));
    return promise;
  };
  // a script ends without a result where its page is replaced by the one that is opened
  const isLoaded = async (): Promise<boolean> => {
    const { result } = await evaluate(
      `document.readyState === 'complete' && location.href !== 'about:blank'`,
    );
    return result?.result.value === true;
  };
  while (!(await isLoaded())) await delay(50);
  return {
    async run(script) {
      const { result, error } = await evaluate(`(async () => { ${script} })()`);
      if (!result || result.exceptionDetails) throw new Error(JSON.stringify(error ?? result));
      return result.result.value;
    },
    async close() {
      socket.close();
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await exited;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
