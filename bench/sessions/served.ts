import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelFolder } from '../../test/e2e/model-folder.ts';
import { startServer } from '../server-process.ts';

// A server with two models: `recurrent`, an LSTM of two layers with 128 units, 2,048 bytes of state, and `single` of one.

export const stateBytes = 2 * 2 * 128 * 4;
const model = (layers: number) => ({
  task: 'predict',
  inputs: { kind: 'numeric', features: [{ name: 'x' }] },
  network: {
    layers: [
      { type: 'recurrent', cell: 'lstm', units: 128, layers },
      { type: 'dense', units: 1 },
    ],
  },
});
export type ServedModel = 'recurrent' | 'single';

export interface Served {
  readonly url: string;
  ask<T>(path: string, body?: unknown): Promise<T>;
  /** Milliseconds of a call of one step. */
  step(session: string): Promise<number>;
  residentBytes(): Promise<number>;
  metric(name: string): Promise<number>;
  /** Processor time of the server so far. */
  cpuSeconds(): number;
}

/** Runs a server for as long as the work takes. @param data its folder, which is removed */
export async function withServer<T>(
  settings: Readonly<Record<string, string>>,
  work: (served: Served) => Promise<T>,
  data = mkdtempSync(join(tmpdir(), 'unroll-bench-sessions-')),
): Promise<T> {
  const models = modelFolder([]);
  models.write('recurrent', 1, model(2));
  models.write('single', 1, model(1));
  const server = await startServer({
    UNROLL_MODELS: models.path,
    UNROLL_DATA: data,
    UNROLL_WORKERS: '1',
    UNROLL_TRAINING_JOBS: '0',
    UNROLL_MAX_EVENT_LOOP_DELAY_MS: '0',
    ...settings,
  });
  const ask = async <R>(path: string, body?: unknown): Promise<R> => {
    const reply = await fetch(`${server.url}${path}`, {
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
    return (await reply.json()) as R;
  };
  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`${name} `));
    if (line === undefined) throw new Error(`there is no metric ${name}`);
    return Number(line.slice(name.length));
  }
  try {
    return await work({
      url: server.url,
      cpuSeconds: () => server.cpuSeconds(),
      ask,
      metric,
      residentBytes: () => metric('process_resident_memory_bytes'),
      async step(session) {
        const begin = performance.now();
        await ask(`/v1/sessions/${session}/steps`, { input: [0.5] });
        return performance.now() - begin;
      },
    });
  } finally {
    await server.stop();
    models.remove();
    rmSync(data, { recursive: true });
  }
}

/** Begins a session that has run some steps. */
export async function beginSession(
  { ask }: Pick<Served, 'ask'>,
  steps: number,
  name: ServedModel = 'recurrent',
): Promise<string> {
  const { id } = await ask<{ id: string }>('/v1/sessions', { model: name });
  for (let left = steps; left > 0; left -= 5000)
    await ask(`/v1/sessions/${id}/steps`, {
      input: Array.from({ length: Math.min(left, 5000) }, (_, t) => Math.sin(t)),
      return: 'last',
    });
  return id;
}
