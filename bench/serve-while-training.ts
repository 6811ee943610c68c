import { parseArgs } from 'node:util';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { median } from './timing.ts';
import { startServer } from './server-process.ts';

// The latency of a classification while the server trains, compared with when it does not: the two
// alternating, pausing and resuming one job.

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '6' },
    connections: { type: 'string', default: '4' },
    /** Calls a second of each connection: a load below the server's capacity, as in production. */
    rate: { type: 'string', default: '25' },
  },
});
const rounds = Number(options.rounds);
const data = mkdtempSync(join(tmpdir(), 'unroll-bench-'));
const server = await startServer({ UNROLL_DATA: data });

const post = async <T>(path: string, body: object): Promise<T> => {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
};
const job = await post<{ id: string }>('/v1/training/jobs', {
  model: 'load',
  task: 'generate',
  network: {
    layers: [
      { type: 'embedding', units: 64 },
      { type: 'recurrent', cell: 'lstm', units: 384 },
      { type: 'dense' },
    ],
  },
  data: {
    records: Array.from({ length: 500 }, (_, i) => ({
      text: `${'the content does not matter here '.repeat(3)}${i}`,
    })),
  },
  budget: { epochs: 100_000 },
});
const readStatus = async (): Promise<{ status: string; progress: { step: number } | null }> =>
  (await (await fetch(`${server.url}/v1/training/jobs/${job.id}`)).json()) as never;
const become = async (status: string): Promise<void> => {
  for (;;) {
    const now = await readStatus();
    if (now.status === status && (status !== 'running' || now.progress)) return;
    await delay(50);
  }
};

const text = 'Alle Menschen sind frei und gleich an Würde und Rechten geboren.';
/** Latencies of calls that are begun at even times, whatever the ones before take. */
async function load(seconds: number): Promise<number[]> {
  const took: number[] = [];
  const open: Promise<void>[] = [];
  const every = 1000 / (Number(options.rate) * Number(options.connections));
  const began = performance.now();
  for (let call = 0; call * every < seconds * 1000; call++) {
    await delay(Math.max(0, began + call * every - performance.now()));
    open.push(
      (async () => {
        const started = performance.now();
        await post('/v1/models/language/classify', { input: text });
        took.push(performance.now() - started);
      })(),
    );
  }
  await Promise.all(open);
  return took.sort((a, b) => a - b);
}
const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;

await become('running');
await load(2);
const results = { training: [] as number[][], idle: [] as number[][] };
for (let round = 0; round < rounds; round++) {
  await post(`/v1/training/jobs/${job.id}/pause`, {});
  await become('paused');
  results.idle.push(await load(Number(options.seconds)));
  await post(`/v1/training/jobs/${job.id}/resume`, {});
  await become('running');
  results.training.push(await load(Number(options.seconds)));
}
const summary = Object.fromEntries(
  Object.entries(results).map(([name, each]) => [
    name,
    {
      p50: median(each.map((one) => at(one, 0.5))),
      p99: median(each.map((one) => at(one, 0.99))),
      calls: each.flat().length,
    },
  ]),
);
const ratios = results.training.map((one, i) => at(one, 0.99) / at(results.idle[i]!, 0.99));
for (const [name, { p50, p99, calls }] of Object.entries(summary))
  console.log(
    `${name.padEnd(9)} p50 ${p50.toFixed(2)} ms  p99 ${p99.toFixed(2)} ms  (${calls} calls, medians of ${rounds} rounds)`,
  );
console.log(
  `p99 while training is ${median(ratios).toFixed(2)} × that without (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
);
mkdirSync(`${import.meta.dirname}/results`, { recursive: true });
writeFileSync(
  `${import.meta.dirname}/results/serve-while-training.json`,
  `${JSON.stringify({ summary, ratios }, null, 1)}\n`,
);
await post(`/v1/training/jobs/${job.id}/cancel`, {});
await server.stop();
rmSync(data, { recursive: true, force: true });
