import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds of processor time by kind of thread. */
export interface CpuTimes {
  readonly main: number;
  /** The threads that compute: workers of this server; a peer computes in threads without a name of their own. */
  readonly workers: number;
  /** V8's helper threads: garbage collection and compilation. */
  readonly v8: number;
  readonly other: number;
  readonly total: number;
}

/** Reads the processor time of a process so far, on Linux, from the scheduler's statistics of its threads. */
function readThreads(pid: number): Map<string, { readonly name: string; readonly ms: number }> {
  const threads = new Map<string, { name: string; ms: number }>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`;
    try {
      const ns = Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]);
      threads.set(thread, { name: readFileSync(`${folder}/comm`, 'utf8').trim(), ms: ns / 1e6 });
    } catch {
      // it ended meanwhile
    }
  }
  return threads;
}

/** Starts to count. @returns a function that returns the time since then */
export function countCpu(pid: number): () => CpuTimes {
  const before = readThreads(pid);
  return () => {
    const times = { main: 0, workers: 0, v8: 0, other: 0, total: 0 };
    for (const [thread, { name, ms }] of readThreads(pid)) {
      const spent = ms - (before.get(thread)?.ms ?? 0);
      const kind =
        thread === String(pid)
          ? 'main'
          : name.startsWith('unroll-')
            ? 'workers'
            : name.startsWith('V8')
              ? 'v8'
              : 'other';
      times[kind] += spent;
      times.total += spent;
    }
    return times;
  };
}
