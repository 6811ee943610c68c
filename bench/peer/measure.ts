import { median } from '../timing.ts';
import type { ServerProcess } from '../server-process.ts';
import type { Case } from './cases.ts';
import { createPost, quantile, sendAll, sendAtRate, type Received } from './client.ts';
import { countCpu, type CpuTimes } from './cpu-by-thread.ts';
import { bodiesOf, createRequests, tokensPerStream } from './requests.ts';
import type { Pair } from './start.ts';

export type Side = 'ours' | 'peer';
export const sides = ['ours', 'peer'] as const;
const pathOf = ({ name, task, precision }: Case, side: Side): string =>
  side === 'ours' ? `/v1/models/${precision === 'int8' ? `${name}@int8` : name}/${task}` : `/${name}/${task}`;

const bodyCount = 500;
const callers = 32;

/** One round of one side. Processor time is for each request; of streams, for each token. */
export interface Round {
  readonly cpuUs: CpuTimes;
  readonly perSecond: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/** Each side is warmed up for so long at least, and until its processor time moves by less than this share from round to round. */
const warmUpSeconds = 3;
const steadyWithin = 0.05;
const maxWarmUpRounds = 12;

/** Sends the same requests to both in turns, the one that is first alternating, after both have become steady. */
export async function measureLoad(
  pair: Pair,
  one: Case,
  rounds: number,
): Promise<Record<Side, readonly Round[]>> {
  const requests = createRequests(one, bodyCount);
  const measured: Record<Side, Round[]> = { ours: [], peer: [] };
  const measureBoth = async (round: number): Promise<Record<Side, Round>> => {
    const results: Partial<Record<Side, Round>> = {};
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const bodies = requests.map((request) => request[side]);
      results[side] = await measureRound(pair[side], pathOf(one, side), bodies, one);
    }
    return results as Record<Side, Round>;
  };
  await warmUp(measureBoth);
  for (let round = 0; round < rounds; round++) {
    const results = await measureBoth(round);
    for (const side of sides) measured[side].push(results[side]);
  }
  return measured;
}

/** Runs rounds until V8 has compiled both servers' code: the same number for each. */
async function warmUp(measureBoth: (round: number) => Promise<Record<Side, Round>>): Promise<void> {
  const seconds = { ours: 0, peer: 0 };
  let last: Record<Side, Round> | null = null;
  for (let round = 0; round < maxWarmUpRounds; round++) {
    const now = await measureBoth(round);
    const before = last;
    const isSteady = (side: Side): boolean =>
      before !== null && Math.abs(now[side].cpuUs.total / before[side].cpuUs.total - 1) < steadyWithin;
    for (const side of sides) seconds[side] += now[side].seconds;
    if (sides.every((side) => seconds[side] >= warmUpSeconds && isSteady(side))) return;
    last = now;
  }
}

async function measureRound(
  { url, pid }: ServerProcess,
  path: string,
  bodies: readonly string[],
  { requests, task }: Case,
): Promise<Round> {
  const post = createPost(url, callers);
  const stop = countCpu(pid);
  const { replies, perSecond } = await sendAll(post, path, bodies, { callers, count: requests });
  const cpu = stop();
  const units = requests * (task === 'generate' ? tokensPerStream : 1);
  const ms = replies.map((reply) => reply.ms);
  return {
    cpuUs: Object.fromEntries(
      Object.entries(cpu).map(([kind, spent]) => [kind, (1000 * spent) / units]),
    ) as unknown as CpuTimes,
    perSecond: (perSecond * units) / requests,
    seconds: requests / perSecond,
    p50Ms: quantile(ms, 0.5),
    p99Ms: quantile(ms, 0.99),
    p999Ms: quantile(ms, 0.999),
  };
}

/** The first token and the gaps between tokens of one stream at a time, in milliseconds. */
export interface SingleStream {
  readonly firstMs: number;
  readonly gapP50Ms: number;
  readonly gapP99Ms: number;
}

export async function measureSingleStream(
  { url }: ServerProcess,
  one: Case,
  side: Side,
): Promise<SingleStream> {
  const post = createPost(url, 1);
  const bodies = createRequests(one, 40).map((request) => request[side]);
  const { replies } = await sendAll(post, pathOf(one, side), bodies, { callers: 1, count: 40 });
  const gaps = replies.slice(5).flatMap(tokenGaps);
  return {
    firstMs: median(replies.slice(5).map(({ eventsAtMs }) => eventsAtMs[0]!)),
    gapP50Ms: quantile(gaps, 0.5),
    gapP99Ms: quantile(gaps, 0.99),
  };
}

/** An event that ends the stream is not a token. */
const tokenGaps = ({ eventsAtMs }: Received): number[] =>
  eventsAtMs.slice(1, tokensPerStream).map((ms, i) => ms - eventsAtMs[i]!);

/** Milliseconds of requests that arrive at a rate of their own. */
export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** How late this process sent the requests: the 99th percentile. */
  readonly clientLateMs: number;
}

/** Latencies are measured again while this process sends later than this, so that they are not its own. */
const maxClientLateMs = 10;
const maxLatencyTries = 4;

/** Connections to a server: more at once than it accepts are reset by the system. */
const maxOpen = 256;

/** The most that a side answers in a second. */
export async function measurePeak({ url }: ServerProcess, one: Case, side: Side): Promise<number> {
  const bodies = createRequests(one, bodyCount).map((request) => request[side]);
  const { perSecond } = await sendAll(createPost(url, callers), pathOf(one, side), bodies, {
    callers,
    count: one.requests,
  });
  return perSecond;
}

export async function measureLatency(
  { url }: ServerProcess,
  one: Case,
  side: Side,
  perSecond: number,
): Promise<Latency> {
  const bodies = createRequests(one, bodyCount).map((request) => request[side]);
  const post = createPost(url, maxOpen);
  const run = (seconds: number) => sendAtRate(post, pathOf(one, side), bodies, { perSecond, seconds });
  // opens the connections, and lets V8 compile what only requests that come one by one run
  await run(3);
  let best: Latency | null = null;
  for (let tries = 0; tries < maxLatencyTries && !(best && best.clientLateMs <= maxClientLateMs); tries++) {
    const { ms, lateMs } = await run(5);
    const clientLateMs = quantile(lateMs, 0.99);
    if (best === null || clientLateMs < best.clientLateMs)
      best = {
        p50Ms: quantile(ms, 0.5),
        p99Ms: quantile(ms, 0.99),
        p999Ms: quantile(ms, 0.999),
        clientLateMs,
      };
  }
  return best!;
}

const oneStepRequests = 2000;

/** Microseconds of the main thread for a request of one step, of this server and of a bare echo of the same JSON. */
export async function measureOneStep(
  ours: ServerProcess,
  echo: ServerProcess,
  one: Case,
  rounds: number,
): Promise<{ readonly oursUs: number; readonly echoUs: number }> {
  const [body] = [bodiesOf('classify', [1]).ours];
  const spent = { ours: [] as number[], echo: [] as number[] };
  for (let round = -1; round < rounds; round++)
    for (const side of ['ours', 'echo'] as const) {
      const { url, pid } = side === 'ours' ? ours : echo;
      const post = createPost(url, callers);
      const stop = countCpu(pid);
      const path = side === 'ours' ? pathOf(one, side) : '/echo';
      await sendAll(post, path, [body], { callers, count: oneStepRequests });
      if (round >= 0) spent[side].push((1000 * stop().main) / oneStepRequests);
    }
  return { oursUs: median(spent.ours), echoUs: median(spent.echo) };
}
