import type { Engine } from '../../src/engine/engine-interface.ts';
import { UnrollError, type ErrorCode } from '../../src/errors.ts';
import type { Random } from '../random.ts';
import type { Report } from '../scenario.ts';
import { describeDifference, readResult, type SequenceResult } from './sequence-result.ts';
import { deadlineIn } from './deadline.ts';
import { describeRequest, type StressRequest } from './requests.ts';
import type { ServedNetworks } from './served-networks.ts';

/** Far longer than any request takes, so that only a hang reaches it. */
const longMs = 120_000;

/** Sends one request in one of four ways: to its end, aborted, abandoned early, or with a short deadline. */
export async function runRequest(
  request: StressRequest,
  alone: SequenceResult,
  round: { engine: Engine; served: ServedNetworks; random: Random; report: Report; describe: string },
): Promise<void> {
  const { engine, served, random, report } = round;
  const { handle, release } = served.acquire(request.network);
  const { steps: want } = request.request;
  const submit = (deadlineMs: number, signal?: AbortSignal) =>
    engine.submit({ network: handle, ...request.request, deadlineMs, signal });
  /** @param allowed the errors that this way may end with */
  const read = async (
    events: ReturnType<typeof submit>,
    names: { whole: string; ended: string },
    allowed: readonly ErrorCode[] = [],
    maxEvents?: number,
  ): Promise<void> => {
    try {
      const result = await readResult(events, want, maxEvents);
      report.count(result ? names.whole : names.ended);
      const difference = result && describeDifference(alone, result);
      if (difference)
        report.fault('different bits', `${round.describe}, ${describeRequest(request)}: ${difference}`);
    } catch (error) {
      const { code } = error as UnrollError;
      if (allowed.includes(code)) return report.count(names.ended);
      // its worker was killed four times
      if (code === 'internal' && /crashed/.test((error as Error).message))
        return report.count('failed after killed workers');
      report.fault(
        code ?? (error as Error).name,
        `${round.describe}, ${describeRequest(request)}: ${String((error as Error).stack)}`,
      );
    }
  };
  const choice = random.next();
  try {
    if (choice < 0.7) await read(submit(deadlineIn(longMs)), { whole: 'results', ended: 'abandoned' });
    else if (choice < 0.82) {
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), random.int(0, 60));
      await read(
        submit(deadlineIn(longMs), stop.signal),
        { whole: 'results before the abort', ended: 'aborted' },
        ['cancelled'],
      );
      clearTimeout(timer);
    } else if (choice < 0.9)
      await read(
        submit(deadlineIn(longMs)),
        { whole: 'results of few events', ended: 'abandoned' },
        [],
        random.int(1, 4),
      );
    else {
      // many at once with one deadline, which passes while one of them is accepted
      const [size, maxDelayMs] = random.chance(0.1) ? [512, 2] : [1, 40];
      const deadline = deadlineIn(random.int(1, maxDelayMs));
      const burst = Array.from({ length: size }, () => submit(deadline));
      const names = { whole: 'results in time', ended: 'deadline exceeded' };
      // rejected at once if the queue is too long for the deadline
      const allowed = ['deadline_exceeded', 'overloaded'] as const;
      await Promise.all(burst.map((events) => read(events, names, allowed)));
    }
  } finally {
    release();
  }
}
