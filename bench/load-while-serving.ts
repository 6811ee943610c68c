import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { writeLargeModel } from '../test/e2e/large-model.ts';
import { startServer } from './server-process.ts';

// How long classify calls and liveness probes take while a large model loads, and how long the main thread is
// blocked meanwhile.

const { values: options } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '600' },
    rounds: { type: 'string', default: '3' },
    /** Classify calls a second; as many liveness probes. */
    rate: { type: 'string', default: '50' },
    /** Seconds measured without a load in progress. */
    idle: { type: 'string', default: '5' },
  },
});
const megabytes = Number(options.megabytes);
const everyMs = 1000 / Number(options.rate);
const work = mkdtempSync(join(tmpdir(), 'unroll-bench-'));
const models = join(work, 'models');
const probeFile = join(work, 'probe.jsonl');
cpSync(`${import.meta.dirname}/../models/language`, join(models, 'language'), { recursive: true });
writeLargeModel(work, 'large', 1, megabytes);
writeFileSync(probeFile, '');
const server = await startServer({
  UNROLL_MODELS: models,
  UNROLL_DATA: join(work, 'data'),
  UNROLL_WATCH: 'false',
  UNROLL_MEMORY_MB: '3072',
  EVENT_LOOP_PROBE_FILE: probeFile,
  NODE_OPTIONS: `--import ${pathToFileURL(`${import.meta.dirname}/../test/e2e/event-loop-probe.mjs`).href}`,
});

interface Measured {
  readonly classifyMs: number[];
  readonly liveMs: number[];
}
/** Calls begun at even times, whatever the ones before take, until `over` settles. */
async function callsUntil(over: Promise<unknown>): Promise<Measured> {
  const measured: Measured = { classifyMs: [], liveMs: [] };
  const open: Promise<void>[] = [];
  let done = false;
  void over.finally(() => (done = true)).catch(() => {});
  const time = async (into: number[], call: () => Promise<Response>): Promise<void> => {
    const started = performance.now();
    const reply = await call();
    await reply.arrayBuffer();
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    into.push(performance.now() - started);
  };
  const began = performance.now();
  for (let call = 0; !done; call++) {
    await delay(Math.max(0, began + call * everyMs - performance.now()));
    open.push(
      time(measured.liveMs, () => fetch(`${server.url}/v2/health/live`)),
      time(measured.classifyMs, () =>
        fetch(`${server.url}/v1/models/language/classify`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ input: 'All human beings are born free and equal in dignity and rights.' }),
        }),
      ),
    );
  }
  await Promise.all(open);
  await over;
  return measured;
}

const manage = async (action: 'load' | 'unload'): Promise<void> => {
  const reply = await fetch(`${server.url}/v2/repository/models/large/${action}`, { method: 'POST' });
  if (!reply.ok) throw new Error(`${action}: ${reply.status} ${await reply.text()}`);
};
const at = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0;

interface Phase extends Measured {
  readonly seconds: number;
  readonly longestStallMs: number;
  readonly longestCpuMs: number;
  readonly mainCpuMs: number;
}
async function measure(work: () => Promise<void>): Promise<Phase> {
  const from = Date.now();
  const measured = await callsUntil(work());
  const to = Date.now();
  await delay(200);
  const samples = readFileSync(probeFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { at: number; stallMs: number; longestCpuMs: number; cpuMs: number })
    .filter((sample) => sample.at > from && sample.at < to + 150);
  return {
    ...measured,
    seconds: (to - from) / 1000,
    longestStallMs: Math.max(...samples.map(({ stallMs }) => stallMs)),
    longestCpuMs: Math.max(...samples.map(({ longestCpuMs }) => longestCpuMs)),
    mainCpuMs: samples.at(-1)!.cpuMs - samples[0]!.cpuMs,
  };
}
const show = (name: string, phase: Phase): void =>
  console.log(
    `${name.padEnd(8)} ${phase.seconds.toFixed(1)} s; classify p50 ${at(phase.classifyMs, 0.5).toFixed(1)} p99 ${at(phase.classifyMs, 0.99).toFixed(1)} worst ${at(phase.classifyMs, 1).toFixed(1)} ms; live p50 ${at(phase.liveMs, 0.5).toFixed(1)} p99 ${at(phase.liveMs, 0.99).toFixed(1)} worst ${at(phase.liveMs, 1).toFixed(1)} ms; main thread: longest stall ${phase.longestStallMs.toFixed(1)} ms, longest run ${phase.longestCpuMs.toFixed(1)} ms of CPU, ${phase.mainCpuMs.toFixed(0)} ms of CPU in all (${phase.classifyMs.length} + ${phase.liveMs.length} calls)`,
  );

const phases: { name: string; phase: Phase }[] = [];
const record = async (name: string, work: () => Promise<void>): Promise<void> => {
  const phase = await measure(work);
  phases.push({ name, phase });
  show(name, phase);
};
try {
  await measure(() => delay(2000));
  await record('idle', () => delay(Number(options.idle) * 1000));
  renameSync(join(work, 'large'), join(models, 'large'));
  for (let round = 0; round < Number(options.rounds); round++) {
    await record('loading', () => manage('load'));
    await manage('unload');
    await delay(1000);
  }
  mkdirSync(`${import.meta.dirname}/results`, { recursive: true });
  writeFileSync(
    `${import.meta.dirname}/results/load-while-serving.json`,
    `${JSON.stringify({ megabytes, phases: phases.map(({ name, phase: { classifyMs, liveMs, ...rest } }) => ({ name, ...rest, classifyP99Ms: at(classifyMs, 0.99), liveP99Ms: at(liveMs, 0.99) })) }, null, 1)}\n`,
  );
} finally {
  await server.stop();
  rmSync(work, { recursive: true, force: true });
}
