import type { FromWorker, SequenceReport } from '../channel/messages.ts';

// A tick of a few dozen streams takes less than a millisecond, and a write to a socket for each token of each costs more
// than the token. The tokens of many streams therefore wait for those of the next ticks, and a stream's leave together.

/** A tick with fewer tokens is sent at once: the main thread has time for it. */
const manyTokens = 8;

type Report = { readonly sequence: number; readonly report: SequenceReport };

export interface HeldReports {
  /**
   * Sends the reports of a tick, or keeps them for a later one.
   * @param othersWait whether another network runs next, whose tick may be long
   */
  add(reports: readonly Report[], othersWait: boolean): void;
  /** Sends what is kept: before the worker waits. */
  flush(): void;
}

/** @param maxMs milliseconds between two sendings while tokens are kept; 0 keeps none */
export function createHeldReports(
  { send, now }: { readonly send: (message: FromWorker) => void; readonly now: () => number },
  maxMs: number,
): HeldReports {
  /** In the order of their ticks. */
  let held: Report[] = [];
  let sentAtMs = -Infinity;

  function sendAll(reports: readonly Report[]): void {
    if (reports.length === 0) return;
    send({ kind: 'reports', reports });
    sentAtMs = now();
  }
  function flush(): void {
    const all = held;
    held = [];
    sendAll(all);
  }

  return {
    flush,
    add(reports, othersWait) {
      const wait = reports.length >= manyTokens && !othersWait && now() - sentAtMs < maxMs;
      for (const report of reports) held.push(report);
      if (!wait) return flush();
      // what is not one more token goes at once, after its sequence's tokens
      const urgent = new Set(reports.filter(isUrgent).map(({ sequence }) => sequence));
      if (urgent.size === 0) return;
      const due = held.filter(({ sequence }) => urgent.has(sequence));
      held = held.filter(({ sequence }) => !urgent.has(sequence));
      send({ kind: 'reports', reports: due });
    },
  };
}

const isUrgent = ({ report }: Report): boolean => report.kind !== 'token' || report.index === 0;
