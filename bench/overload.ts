import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { type Reply, closedLoop, createSender, openLoop } from './open-loop.ts';
import { keepOff, pinnedCpu } from './pinned.ts';
import { startServer } from './server-process.ts';

// The server under more requests than it can reply: what it still replies to in time, how long that takes,
// and how fast it refuses the rest. The server has one CPU; the client has the others.

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '45' },
    tokens: { type: 'string', default: '800' },
    times: { type: 'string', default: '0.8,3,10' },
    /** Another checkout to measure. */
    root: { type: 'string', default: `${import.meta.dirname}/..` },
    name: { type: 'string', default: 'overload' },
  },
});
const seconds = Number(options.seconds);
const tokens = Number(options.tokens);
const warmUpMs = 1000;

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? NaN;
const tally = (values: readonly (number | null)[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1;
  return counts;
};

/** Answers of a phase, and the processor time that the server had for it. */
interface Phase {
  readonly replies: readonly Reply[];
  readonly unsent: number;
  readonly cpuSeconds: number;
}

function summarise({ replies, unsent, cpuSeconds }: Phase) {
  const accepted = replies.filter(({ status }) => status === 200);
  const refused = replies.filter(({ status }) => status === 503 || status === 429);
  const inPhase = accepted.filter(({ endedAt }) => endedAt > warmUpMs && endedAt <= seconds * 1000);
  const accMs = accepted.map(({ ms }) => ms);
  const refusedMs = refused.map(({ ms }) => ms);
  return {
    goodPerSecond: inPhase.length / (seconds - warmUpMs / 1000),
    // on a shared machine, the server has less than a processor, and not always the same share
    goodPerCpuSecond: accepted.length / cpuSeconds,
    cpuShare: cpuSeconds / seconds,
    acceptedP50Ms: percentile(accMs, 0.5),
    acceptedP99Ms: percentile(accMs, 0.99),
    refusedP50Ms: percentile(refusedMs, 0.5),
    refusedP99Ms: percentile(refusedMs, 0.99),
    byStatus: tally(replies.map(({ status }) => status)),
    retryAfterSeconds: tally(refused.map(({ retryAfterSeconds }) => retryAfterSeconds)),
    unsent,
  };
}
type Summary = ReturnType<typeof summarise>;

const cpu = pinnedCpu();
if (cpu !== null) keepOff(cpu);
const data = mkdtempSync(join(tmpdir(), 'unroll-bench-'));
const server = await startServer({ UNROLL_DATA: data, UNROLL_WORKERS: '1' }, { cpu, root: options.root });
async function measure(phase: () => Promise<Omit<Phase, 'cpuSeconds'>>): Promise<Summary> {
  const before = server.cpuSeconds();
  const { replies, unsent } = await phase();
  return summarise({ replies, unsent, cpuSeconds: server.cpuSeconds() - before });
}
const results: Record<string, Summary> = {};
const report = (name: string, summary: Summary): void => {
  results[name] = summary;
  const {
    goodPerSecond,
    goodPerCpuSecond,
    cpuShare,
    acceptedP50Ms,
    acceptedP99Ms,
    refusedP99Ms,
    byStatus,
    retryAfterSeconds,
  } = summary;
  console.log(
    `${name.padEnd(10)} good ${goodPerSecond.toFixed(1)}/s (${goodPerCpuSecond.toFixed(1)} a CPU second, ${(100 * cpuShare).toFixed(0)} % of one)  accepted p50 ${acceptedP50Ms.toFixed(0)} p99 ${acceptedP99Ms.toFixed(0)} ms` +
      `  refused p99 ${refusedP99Ms.toFixed(1)} ms  ${JSON.stringify(byStatus)}  retry-after ${JSON.stringify(retryAfterSeconds)}`,
  );
};
try {
  const send = createSender(server.url, '/v1/models/moby/generate', (seed) => ({
    prompt: 'The whale ',
    max_tokens: tokens,
    seed,
  }));
  console.log(
    `generate (model moby, ${tokens} characters a request), ${seconds} s each; server on ${cpu === null ? 'any CPU' : `CPU ${cpu} alone`}`,
  );
  await closedLoop(send, 4, 3);
  const closedPhase = async (connections: number): Promise<Summary> => {
    const summary = await measure(async () => ({
      replies: await closedLoop(send, connections, seconds),
      unsent: 0,
    }));
    report(`closed ${connections}`, summary);
    return summary;
  };
  for (const connections of [8, 16, 24]) await closedPhase(connections);
  const closed = Object.entries(results);
  const [best = '', { goodPerSecond: peak }] = closed.reduce((a, b) =>
    b[1].goodPerSecond > a[1].goodPerSecond ? b : a,
  );
  const connections = Number(best.split(' ')[1]);
  const openResults: { times: string; summary: Summary; peaks: Summary[] }[] = [];
  // a machine is not equally fast for minutes: the peak is measured again before and after each phase
  let before = await closedPhase(connections);
  for (const times of options.times.split(',')) {
    const summary = await measure(() => openLoop(send, peak * Number(times), seconds));
    report(`${times} x`, summary);
    await delay(1000);
    const after = await closedPhase(connections);
    openResults.push({ times, summary, peaks: [before, after] });
    before = after;
  }
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const reference = openResults.find(({ times }) => times === '0.8')?.summary.acceptedP99Ms ?? NaN;
  const ratios = openResults.map(({ times, summary, peaks }) => ({
    times: Number(times),
    goodOfPeak: summary.goodPerSecond / mean(peaks.map(({ goodPerSecond }) => goodPerSecond)),
    goodOfPeakPerCpuSecond:
      summary.goodPerCpuSecond / mean(peaks.map(({ goodPerCpuSecond }) => goodPerCpuSecond)),
    p99OfP99At80Percent: summary.acceptedP99Ms / reference,
  }));
  for (const { times, goodOfPeak, goodOfPeakPerCpuSecond, p99OfP99At80Percent } of ratios)
    console.log(
      `${times} x: goodput ${goodOfPeak.toFixed(2)} of peak (${goodOfPeakPerCpuSecond.toFixed(2)} a CPU second), accepted p99 ${p99OfP99At80Percent.toFixed(2)} × that at 80 %`,
    );
  const folder = `${import.meta.dirname}/results`;
  mkdirSync(folder, { recursive: true });
  const conditions = { node: process.version, cpu: cpus()[0]?.model, pinnedTo: cpu, seconds, tokens };
  writeFileSync(
    `${folder}/${options.name}.json`,
    `${JSON.stringify({ conditions, peak, results, ratios }, null, 1)}\n`,
  );
} finally {
  await server.stop();
  rmSync(data, { recursive: true, force: true });
}
process.exit();
