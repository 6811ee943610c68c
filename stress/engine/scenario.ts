import type { Worker } from 'node:worker_threads';
import { setTimeout as delay } from 'node:timers/promises';
import { createEngine } from '../../src/engine/engine.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { createRandom, type Random } from '../random.ts';
import type { Report, Scenario } from '../scenario.ts';
import { readResult, type SequenceResult } from './sequence-result.ts';
import { runRequest } from './run-request.ts';
import { deadlineIn } from './deadline.ts';
import { readImportedNetworks } from './imported-networks.ts';
import { findLeftovers } from './leftovers.ts';
import { createNetworks } from './networks.ts';
import { createRequests, fitsSlots, type StressRequest } from './requests.ts';
import { serveNetworks } from './served-networks.ts';

const maxSteps = 4000;
const callers = 48;
const roundSeconds = 12;
/** Minimum duration of a round. */
const shortestSeconds = 5;
const aloneMs = 600_000;

export const engine: Scenario = {
  name: 'engine',
  about:
    'random networks in process: killed workers, aborts, deadlines, swaps; every result bit-identical to the one alone',
  share: 35,
  async run({ seed, seconds, rounds, imported }, report) {
    const deadline = performance.now() + seconds * 1000;
    const random = createRandom(seed);
    const kernel = createKernel({ mode: random.pick(['auto', 'auto', 'plain']), memoryMegabytes: 1024 });
    report.count(`${kernel.path} kernel`);
    const networks = createNetworks(random);
    if (imported) {
      const read = await readImportedNetworks();
      report.count('imported files', read.networks.length);
      report.count('imported files skipped', read.skipped);
      networks.push(...read.networks);
    }
    const requests = createRequests(networks, random);
    const alone = await runAlone(kernel, requests, report);
    for (let round = 0; round === 0 || (round < rounds && performance.now() < deadline); round++)
      await runRound({
        kernel,
        requests,
        alone,
        report,
        deadline,
        round,
        random: createRandom(seed, round + 1),
      });
  },
};

/** Runs each request alone on one worker. A request that fails is not used again. */
async function runAlone(
  kernel: Kernel,
  requests: readonly StressRequest[],
  report: Report,
): Promise<ReadonlyMap<StressRequest, SequenceResult>> {
  const engine = createEngine({ kernel, workers: 1, slots: 4, queue: 1000, maxSteps });
  const results = new Map<StressRequest, SequenceResult>();
  for (const network of new Set(requests.map((request) => request.network))) {
    const handle = await engine.load(network.spec, network.weights, network.options);
    for (const request of requests.filter((one) => one.network === network))
      try {
        const events = engine.submit({
          network: handle,
          ...request.request,
          deadlineMs: deadlineIn(aloneMs),
        });
        results.set(request, (await readResult(events, request.request.steps))!);
      } catch {
        report.count('requests without a result');
      }
    await engine.unload(handle);
  }
  await engine.close();
  report.count('requests', results.size);
  return results;
}

async function runRound(options: {
  readonly kernel: Kernel;
  readonly requests: readonly StressRequest[];
  readonly alone: ReadonlyMap<StressRequest, SequenceResult>;
  readonly report: Report;
  readonly deadline: number;
  readonly round: number;
  readonly random: Random;
}): Promise<void> {
  const { kernel, requests, alone, report, round, random } = options;
  const seconds = Math.min(roundSeconds, (options.deadline - performance.now()) / 1000);
  const durationMs = Math.max(shortestSeconds, seconds) * 1000;
  const settings = {
    workers: random.int(1, 4),
    slots: random.pick([1, 2, 3, 4, 5, 7, 9, 32]),
    ringBytes: random.pick([64, 64, 1024, undefined]),
  };
  const kills = random.chance(0.75);
  const describe = `round ${round} ${JSON.stringify({ ...settings, kills })}`;
  const threads = new Map<number, Worker>();
  const engine = createEngine({
    kernel,
    ...settings,
    queue: 100_000,
    maxSteps,
    hooks: {
      onWorkerStart: (thread, index) => void threads.set(index, thread),
      onProblem: (what) => report.fault('engine problem', `${describe}: ${what}`),
    },
  });
  const networks = [...new Set([...alone.keys()].map(({ network }) => network))];
  const chosen = networks.filter(() => random.chance(0.5));
  const served = await serveNetworks(engine, chosen.length > 0 ? chosen : networks, (error) =>
    report.fault('a network could not be unloaded', `${describe}: ${error.stack}`),
  );
  const usable = requests.filter(
    (request) =>
      alone.has(request) && served.networks.includes(request.network) && fitsSlots(request, settings.slots),
  );
  const end = performance.now() + durationMs;
  const isRunning = (): boolean => performance.now() < end;
  const caller = async (): Promise<void> => {
    while (isRunning()) {
      const request = random.pick(usable);
      await runRequest(request, alone.get(request)!, { engine, served, random, report, describe });
      if (random.chance(0.1)) await delay(random.int(0, 20));
    }
  };
  const killer = async (): Promise<void> => {
    while (kills && isRunning()) {
      await delay(random.int(50, 800));
      await random.pick([...threads.values()]).terminate();
      report.count('killed workers');
    }
  };
  const swapper = async (): Promise<void> => {
    while (isRunning()) {
      await delay(random.int(100, 500));
      try {
        await served.swap(random.pick(served.networks));
        report.count('swapped networks');
      } catch (error) {
        // every worker that was loading it was killed
        if (!kills || !/crashed/.test((error as Error).message)) throw error;
        report.count('swaps failed after killed workers');
      }
    }
  };
  await Promise.all([...Array.from({ length: callers }, caller), killer(), swapper()]);
  const left = await findLeftovers(engine);
  if (left !== null) report.fault('sequences left over', `${describe}: ${left}`);
  await engine.close();
  report.count('rounds');
}
