import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// After its start, and after a burst of work, V8 keeps the memory of the young generation and of garbage until
// something else allocates. An idle server gives it back: a full collection, which takes 40 to 100 ms.

const lookMs = 1_000;
/** Looks without work before a collection. */
const idleLooks = 2;

export interface MemoryRelease {
  stop(): void;
}

/**
 * Collects once whenever there has been work and then none for some seconds; the start counts as work.
 * @param readWork a number that grows with each piece of work done
 * @param isBusy whether there is work in progress
 */
export function releaseMemoryWhenIdle(
  readWork: () => number,
  isBusy: () => boolean,
  collect: () => void = findCollector(),
): MemoryRelease {
  let seen = readWork();
  let looks = 0;
  const timer = setInterval(() => {
    const work = readWork();
    if (work !== seen || isBusy()) {
      seen = work;
      looks = 0;
    } else if (++looks === idleLooks) collect();
  }, lookMs).unref();
  return { stop: () => clearInterval(timer) };
}

/** V8's own collector, as `--expose-gc` gives it; the flag is on for this call only. */
function findCollector(): () => void {
  setFlagsFromString('--expose-gc');
  try {
    const collect = runInNewContext('gc') as (options: object) => void;
    return () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
