import type { Engine } from '../../src/engine/engine-interface.ts';
import { UnrollError, type ErrorCode } from '../../src/errors.ts';
import type { Random } from '../random.ts';
import type { Report } from '../scenario.ts';
import { differenceOf, readAnswer, type Answer } from './answer.ts';
import { deadlineIn } from './deadline.ts';
import { describeQuestion, type Question } from './questions.ts';
import type { ServedNetworks } from './served-networks.ts';

/** Far beyond what any question takes, so that only a hang reaches it. */
const longMs = 120_000;

/** Asks one question in one of four ways: to its end, aborted, left early, or with a deadline that may be too short. */
export async function ask(
  question: Question,
  alone: Answer,
  round: { engine: Engine; served: ServedNetworks; random: Random; report: Report; describe: string },
): Promise<void> {
  const { engine, served, random, report } = round;
  const { handle, release } = served.acquire(question.network);
  const { steps: want } = question.request;
  const submit = (deadlineMs: number, signal?: AbortSignal) =>
    engine.submit({ network: handle, ...question.request, deadlineMs, signal });
  /** @param allowed the errors that this way of asking may end with */
  const read = async (
    events: ReturnType<typeof submit>,
    names: { whole: string; ended: string },
    allowed: readonly ErrorCode[] = [],
    leaveAfter?: number,
  ): Promise<void> => {
    try {
      const answer = await readAnswer(events, want, leaveAfter);
      report.count(answer ? names.whole : names.ended);
      const difference = answer && differenceOf(alone, answer);
      if (difference)
        report.fault('different bits', `${round.describe}, ${describeQuestion(question)}: ${difference}`);
    } catch (error) {
      const { code } = error as UnrollError;
      if (allowed.includes(code)) return report.count(names.ended);
      // four deaths of the worker that ran it, killed here
      if (code === 'internal' && /crashed/.test((error as Error).message))
        return report.count('given up after deaths');
      report.fault(
        code ?? (error as Error).name,
        `${round.describe}, ${describeQuestion(question)}: ${String((error as Error).stack)}`,
      );
    }
  };
  const way = random.next();
  try {
    if (way < 0.7) await read(submit(deadlineIn(longMs)), { whole: 'answers', ended: 'left early' });
    else if (way < 0.82) {
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), random.int(0, 60));
      await read(
        submit(deadlineIn(longMs), stop.signal),
        { whole: 'answers before the abort', ended: 'aborted' },
        ['cancelled'],
      );
      clearTimeout(timer);
    } else if (way < 0.9)
      await read(
        submit(deadlineIn(longMs)),
        { whole: 'answers of few events', ended: 'left early' },
        [],
        random.int(1, 4),
      );
    else {
      // many at once with one deadline: it passes while one of them is taken in
      const [size, most] = random.chance(0.1) ? [512, 2] : [1, 40];
      const deadline = deadlineIn(random.int(1, most));
      const burst = Array.from({ length: size }, () => submit(deadline));
      const names = { whole: 'answers in time', ended: 'too late' };
      // refused at once where the queue is too long for the deadline
      const allowed = ['deadline_exceeded', 'overloaded'] as const;
      await Promise.all(burst.map((events) => read(events, names, allowed)));
    }
  } finally {
    release();
  }
}
