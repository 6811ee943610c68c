import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { keepOff, pinnedCpu } from '../pinned.ts';
import { median } from '../timing.ts';
import { createCases, titleOf, type Case } from './cases.ts';
import { checkAnswers } from './check-answers.ts';
import { createPost } from './client.ts';
import {
  measureLatency,
  measureLoad,
  measureOneStep,
  measurePeak,
  measureSingleStream,
  sides,
  type Round,
  type Side,
} from './measure.ts';
import { quantiseModels } from './quantise.ts';
import { printMoved, readCommitted, type Ratios } from './ratios.ts';
import { startEcho, startPair, writeModels, type ModelFiles } from './start.ts';

// This server beside Fastify with onnxruntime-node, with the same model files: processor time, rates, latencies. README.md of
// bench/ says how; the ratios are the peer's figure by ours, so that more is better.

/** Share of the peer's peak at which latencies are compared. */
const latencyShare = 0.8;
const latencyWarmUpMs = 6000;
const rounds = 3;

export async function compareWithPeer(only: readonly string[] | null): Promise<void> {
  const cases = createCases().filter(
    (one) => only === null || only.includes(titleOf(one)) || only.includes(one.name),
  );
  const files = writeModels(cases);
  try {
    await quantiseModels(cases, files);
    const ratios: Ratios = {};
    const loads = await compareLoads(cases, files, ratios);
    const latencies = await compareLatencies(cases, files, ratios);
    const { committed, file } = readCommitted();
    printMoved(committed, ratios);
    mkdirSync(join(import.meta.dirname, '../results'), { recursive: true });
    const conditions = { node: process.version, cpu: cpus()[0]?.model, cpus: availableParallelism(), rounds };
    const sizes = Object.fromEntries(cases.map(({ name, size }) => [name, size]));
    const result = { conditions, sizes, ratios, loads, latencies };
    writeFileSync(file, `${JSON.stringify(result, roundNumbers, 1)}\n`);
  } finally {
    files.remove();
  }
}

const roundNumbers = (_: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(4)) : value;

async function compareLoads(cases: readonly Case[], files: ModelFiles, ratios: Ratios): Promise<object> {
  const pair = await startPair(cases, files);
  const echo = await startEcho();
  const results: Record<string, unknown> = {};
  try {
    console.log(
      `\nprocessor time of all threads in µs, 32 callers, one worker; median of ${rounds} rounds [least to most]`,
    );
    for (const one of cases) {
      const title = titleOf(one);
      if (one.precision === 'float32')
        await checkAnswers(one, createPost(pair.ours.url, 4), createPost(pair.peer.url, 4));
      const measured = await measureLoad(pair, one, rounds);
      const unit = one.task === 'generate' ? 'token' : 'request';
      for (const side of sides) console.log(formatLoad(title, side, unit, measured[side]));
      const cpu = (side: Side): number => median(measured[side].map(({ cpuUs }) => cpuUs.total));
      print(ratios, `${title}: processor time a ${unit}`, cpu('peer') / cpu('ours'));
      const rate = (side: Side): number => median(measured[side].map(({ perSecond }) => perSecond));
      print(ratios, `${title}: ${unit}s a second`, rate('ours') / rate('peer'));
      results[title] = measured;
      if (one.task !== 'generate' || one.precision === 'int8') continue;
      const single = {
        ours: await measureSingleStream(pair.ours, one, 'ours'),
        peer: await measureSingleStream(pair.peer, one, 'peer'),
      };
      for (const side of sides) {
        const { firstMs, gapP50Ms, gapP99Ms } = single[side];
        console.log(
          `${side}, 1 stream: first token ${firstMs.toFixed(2)} ms, gap p50 ${gapP50Ms.toFixed(3)} p99 ${gapP99Ms.toFixed(3)} ms, which is ${(gapP99Ms / gapP50Ms).toFixed(1)} times p50`,
        );
      }
      print(ratios, `${one.name}: first token`, single.peer.firstMs / single.ours.firstMs);
      results['single stream'] = single;
    }
    const classify = cases.find(({ task }) => task === 'classify');
    if (classify) {
      const { oursUs, echoUs } = await measureOneStep(pair.ours, echo, classify, rounds);
      console.log(
        `main thread, request of one step: ours ${oursUs.toFixed(0)} µs, bare echo ${echoUs.toFixed(0)} µs`,
      );
      print(ratios, 'main thread of a bare echo by ours', echoUs / oursUs);
      results['one step'] = { oursUs, echoUs };
    }
  } finally {
    await pair.stop();
    await echo.stop();
  }
  return results;
}

async function compareLatencies(cases: readonly Case[], files: ModelFiles, ratios: Ratios): Promise<object> {
  const results: Record<string, unknown> = {};
  const cpu = pinnedCpu();
  if (cpu === null) return results;
  keepOff(cpu);
  const pair = await startPair(cases, files, cpu);
  try {
    console.log('\nlatency on one core, requests at 80 % of the peer’s peak');
    for (const one of cases.filter(({ task, precision }) => task !== 'generate' && precision === 'float32')) {
      // on one core V8 compiles beside the requests, for longer
      for (const side of sides)
        for (const until = performance.now() + latencyWarmUpMs; performance.now() < until;)
          await measurePeak(pair[side], one, side);
      const rate = latencyShare * (await measurePeak(pair.peer, one, 'peer'));
      const latency = {
        peer: await measureLatency(pair.peer, one, 'peer', rate),
        ours: await measureLatency(pair.ours, one, 'ours', rate),
      };
      for (const side of sides) {
        const { p50Ms, p99Ms, p999Ms, clientLateMs } = latency[side];
        console.log(
          `${one.name} ${side} at ${rate.toFixed(0)}/s: p50 ${p50Ms.toFixed(1)} p99 ${p99Ms.toFixed(1)} p99.9 ${p999Ms.toFixed(1)} ms; sent up to ${clientLateMs.toFixed(1)} ms late`,
        );
      }
      print(ratios, `${one.name}: p99 on one core`, latency.peer.p99Ms / latency.ours.p99Ms);
      results[one.name] = { rate, ...latency };
    }
  } finally {
    await pair.stop();
  }
  return results;
}

function print(ratios: Ratios, name: string, ratio: number): void {
  ratios[name] = ratio;
  console.log(`  ${name}: ${ratio.toFixed(2)} times the peer`);
}

function formatLoad(name: string, side: Side, unit: string, rounded: readonly Round[]): string {
  const of = (read: (round: Round) => number): string => {
    const values = rounded.map(read);
    const digits = median(values) < 100 ? 1 : 0;
    const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
    return `${median(values).toFixed(digits)} [${least} to ${most}]`;
  };
  return (
    `${name} ${side}: ${of(({ cpuUs }) => cpuUs.total)} a ${unit}; main ${of(({ cpuUs }) => cpuUs.main)}, ` +
    `workers ${of(({ cpuUs }) => cpuUs.workers)}, V8 ${of(({ cpuUs }) => cpuUs.v8)}, other ${of(({ cpuUs }) => cpuUs.other)}; ` +
    `${of(({ perSecond }) => perSecond)} ${unit}s/s; ms p50 ${of(({ p50Ms }) => p50Ms)} p99 ${of(({ p99Ms }) => p99Ms)} p99.9 ${of(({ p999Ms }) => p999Ms)}`
  );
}
