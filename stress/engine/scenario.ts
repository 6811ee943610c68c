import type { Worker } from 'node:worker_threads';
import { setTimeout as delay } from 'node:timers/promises';
import { createEngine } from '../../src/engine/engine.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { createRandom, type Random } from '../random.ts';
import type { Report, Scenario } from '../scenario.ts';
import { readAnswer, type Answer } from './answer.ts';
import { ask } from './ask.ts';
import { deadlineIn } from './deadline.ts';
import { readForeignNetworks } from './foreign-networks.ts';
import { leftoversOf } from './leftovers.ts';
import { createNetworks } from './networks.ts';
import { createQuestions, fits, type Question } from './questions.ts';
import { serveNetworks } from './served-networks.ts';

const maxSteps = 4000;
const callers = 48;
const roundSeconds = 12;
/** Of a first round for which no time is left. */
const shortestSeconds = 5;
const aloneMs = 600_000;

export const engine: Scenario = {
  name: 'engine',
  about:
    'random networks in process: killed workers, aborts, deadlines, swaps; every answer bit for bit the one alone',
  share: 35,
  async run({ seed, seconds, rounds, foreign }, report) {
    const until = performance.now() + seconds * 1000;
    const random = createRandom(seed);
    const kernel = createKernel({ mode: random.pick(['auto', 'auto', 'plain']), memoryMegabytes: 1024 });
    report.count(`${kernel.path} kernel`);
    const networks = createNetworks(random);
    if (foreign) {
      const read = await readForeignNetworks();
      report.count('foreign files', read.networks.length);
      report.count('foreign files left out', read.refused);
      networks.push(...read.networks);
    }
    const questions = createQuestions(networks, random);
    const alone = await answerAlone(kernel, questions, report);
    for (let round = 0; round === 0 || (round < rounds && performance.now() < until); round++)
      await runRound({
        kernel,
        questions,
        alone,
        report,
        until,
        round,
        random: createRandom(seed, round + 1),
      });
  },
};

/** One worker, one question at a time. A question that fails has no answer, and is not asked again. */
async function answerAlone(
  kernel: Kernel,
  questions: readonly Question[],
  report: Report,
): Promise<ReadonlyMap<Question, Answer>> {
  const engine = createEngine({ kernel, workers: 1, slots: 4, queue: 1000, maxSteps });
  const answers = new Map<Question, Answer>();
  for (const network of new Set(questions.map((question) => question.network))) {
    const handle = await engine.load(network.spec, network.weights, network.options);
    for (const question of questions.filter((one) => one.network === network))
      try {
        const events = engine.submit({
          network: handle,
          ...question.request,
          deadlineMs: deadlineIn(aloneMs),
        });
        answers.set(question, (await readAnswer(events, question.request.steps))!);
      } catch {
        report.count('questions without an answer');
      }
    await engine.unload(handle);
  }
  await engine.close();
  report.count('questions', answers.size);
  return answers;
}

async function runRound(options: {
  readonly kernel: Kernel;
  readonly questions: readonly Question[];
  readonly alone: ReadonlyMap<Question, Answer>;
  readonly report: Report;
  readonly until: number;
  readonly round: number;
  readonly random: Random;
}): Promise<void> {
  const { kernel, questions, alone, report, round, random } = options;
  const seconds = Math.min(roundSeconds, (options.until - performance.now()) / 1000);
  const lastsMs = Math.max(shortestSeconds, seconds) * 1000;
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
  const usable = questions.filter(
    (question) =>
      alone.has(question) && served.networks.includes(question.network) && fits(question, settings.slots),
  );
  const end = performance.now() + lastsMs;
  const goesOn = (): boolean => performance.now() < end;
  const caller = async (): Promise<void> => {
    while (goesOn()) {
      const question = random.pick(usable);
      await ask(question, alone.get(question)!, { engine, served, random, report, describe });
      if (random.chance(0.1)) await delay(random.int(0, 20));
    }
  };
  const killer = async (): Promise<void> => {
    while (kills && goesOn()) {
      await delay(random.int(50, 800));
      await random.pick([...threads.values()]).terminate();
      report.count('killed workers');
    }
  };
  const swapper = async (): Promise<void> => {
    while (goesOn()) {
      await delay(random.int(100, 500));
      try {
        await served.swap(random.pick(served.networks));
        report.count('swapped networks');
      } catch (error) {
        // every worker that was to load it was killed
        if (!kills || !/crashed/.test((error as Error).message)) throw error;
        report.count('swaps given up after deaths');
      }
    }
  };
  await Promise.all([...Array.from({ length: callers }, caller), killer(), swapper()]);
  const left = await leftoversOf(engine);
  if (left !== null) report.fault('sequences are left over', `${describe}: ${left}`);
  await engine.close();
  report.count('rounds');
}
