import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stateBytes, withServer, type Served } from './sessions/served.ts';
import { openSteppingSocket, type SteppingSocket } from './sessions/stepping-socket.ts';

// Many sessions of an LSTM of two layers with 128 units that stream at the same time to one worker, each over a
// WebSocket of its own: a step of every session at every interval, each session at a phase of its own or, with
// --together, all at once. Time is measured from when a step is due, so that a server that is late is seen. By minute:
// calls a second, p50 and p99, the mean rows of a batch beside the sequences in the engine when it is looked at, and
// the resident memory.

const { values: options } = parseArgs({
  options: {
    sessions: { type: 'string', default: '5000' },
    minutes: { type: 'string', default: '10' },
    interval: { type: 'string', default: '1000' },
    slots: { type: 'string', default: '256' },
    together: { type: 'boolean', default: false },
  },
});
const [sessions, minutes, intervalMs] = [options.sessions, options.minutes, options.interval].map(Number) as [
  number,
  number,
  number,
];
const openAtOnce = 100;
/** Between two looks for steps that are due. */
const tickMs = 2;
const sampleMs = 1000;

interface Minute {
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly batchRows: number;
  /** Sequences in the engine, active and waiting, when it was looked at. */
  readonly ready: number;
  readonly residentMb: number;
  /** Processor time of the server for a call, which says more than times on a machine that does other work. */
  readonly serverUsPerCall: number;
  /** Cores that the server used, and this process. */
  readonly serverCores: number;
  readonly clientCores: number;
}

console.log(
  `Node ${process.version}; ${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} CPUs; ${sessions} sessions of ${stateBytes} bytes, a step every ${intervalMs} ms, ${options.together ? 'all at once' : 'each at its phase'}\n`,
);
const settings = {
  UNROLL_SLOTS: options.slots,
  UNROLL_QUEUE: '100000',
  UNROLL_MAX_EXPECTED_MS: '60000',
  // a step that is late is measured, not refused
  UNROLL_TIMEOUT_MS: '600000',
  UNROLL_MAX_TIMEOUT_MS: '600000',
};
const rows = await withServer(settings, measure);
const folder = `${import.meta.dirname}/results`;
mkdirSync(folder, { recursive: true });
const conditions = { node: process.version, cpu: cpus()[0]?.model, cpus: availableParallelism(), ...options };
writeFileSync(`${folder}/session-load.json`, `${JSON.stringify({ conditions, minutes: rows }, null, 1)}\n`);

async function measure(served: Served): Promise<Minute[]> {
  let times: number[] = [];
  let failure: Error | null = null;
  const fail = (error: Error): void => void (failure ??= error);
  const sockets: SteppingSocket[] = [];
  for (let at = 0; at < sessions; at += openAtOnce) {
    const opened = Array.from({ length: Math.min(openAtOnce, sessions - at) }, async () => {
      const { id } = await served.ask<{ id: string }>('/v1/sessions', { model: 'recurrent' });
      return openSteppingSocket(`${served.url}/v1/sessions/${id}/stream`, (ms) => void times.push(ms), fail);
    });
    sockets.push(...(await Promise.all(opened)));
  }
  const stop = sendDue(sockets);
  await delay(Math.min(10_000, minutes * 10_000));
  console.log(
    'minute   calls/s    p50 ms    p99 ms    max ms  batch rows     ready        MB   µs/call  server  client',
  );
  const measured: Minute[] = [];
  try {
    for (let minute = 0; minute < minutes; minute++) {
      times = [];
      const one = await measureMinute(served, () => times);
      // the server is stopped where it is thrown
      if (failure) throw failure;
      measured.push(one);
      const { callsPerSecond, p50Ms, p99Ms, maxMs, batchRows, ready, residentMb } = one;
      const cells = [callsPerSecond, p50Ms, p99Ms, maxMs, batchRows, ready, residentMb, one.serverUsPerCall];
      const text = cells.map((value, i) =>
        value.toFixed([0, 2, 2, 1, 2, 1, 0, 0][i]).padStart(i === 4 ? 12 : 10),
      );
      console.log(
        `${String(minute + 1).padStart(6)}${text.join('')}${one.serverCores.toFixed(2).padStart(8)}${one.clientCores.toFixed(2).padStart(8)}`,
      );
    }
  } finally {
    stop();
  }
  console.log(`${sockets.reduce((sum, socket) => sum + socket.open, 0)} steps were not answered at the end`);
  for (const socket of sockets) socket.close();
  return measured;
}

/** Sends each session's steps when they are due. @returns stops it */
function sendDue(sockets: readonly SteppingSocket[]): () => void {
  const startMs = performance.now();
  const phase = (i: number): number => (options.together ? 0 : (i / sockets.length) * intervalMs);
  /** The number of the next step among those of all sessions, in the order in which they are due. */
  let next = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    for (;;) {
      const i = next % sockets.length;
      const dueMs = startMs + phase(i) + Math.floor(next / sockets.length) * intervalMs;
      if (dueMs > now) return;
      sockets[i]!.send(dueMs);
      next++;
    }
  }, tickMs);
  return () => clearInterval(timer);
}

async function measureMinute(served: Served, times: () => readonly number[]): Promise<Minute> {
  const read = async () => ({
    atMs: performance.now(),
    sum: await served.metric('unroll_step_batch_rows_sum'),
    count: await served.metric('unroll_step_batch_rows_count'),
    server: served.cpuSeconds(),
    client: process.cpuUsage(),
  });
  const before = await read();
  const ready: number[] = [];
  while (performance.now() - before.atMs < 60_000) {
    await delay(sampleMs);
    ready.push(
      (await served.metric('unroll_sequences_active')) + (await served.metric('unroll_sequences_waiting')),
    );
  }
  const after = await read();
  const seconds = (after.atMs - before.atMs) / 1000;
  const sorted = Float64Array.from(times()).sort();
  const client = process.cpuUsage(before.client);
  return {
    callsPerSecond: sorted.length / seconds,
    p50Ms: sorted[Math.floor(sorted.length / 2)]!,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)]!,
    maxMs: sorted.at(-1)!,
    batchRows: (after.sum - before.sum) / (after.count - before.count),
    ready: ready.reduce((sum, one) => sum + one, 0) / ready.length,
    residentMb: (await served.residentBytes()) / 2 ** 20,
    serverUsPerCall: ((after.server - before.server) / sorted.length) * 1e6,
    serverCores: (after.server - before.server) / seconds,
    clientCores: (client.user + client.system) / 1e6 / seconds,
  };
}
