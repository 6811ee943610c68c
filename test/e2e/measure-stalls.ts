import { isMainThread } from 'node:worker_threads';

// Preloaded into a server (--import): measures how long its main thread is busy at a stretch, in CPU time of that thread.
// Answers each message with the longest stretch since the one before, in units of a fixed work measured in the same moment:
// CPU time too grows on a machine whose caches and cores are shared. Time in the system is left out: it is that of page
// faults, of which each takes 1 to 20 µs, by how the host of a virtual machine keeps its memory.

const everyMs = 1;

/** A text of 1.2 MB, which takes about 12 ms to parse. */
const fixedText = JSON.stringify(
  Array.from({ length: 20_000 }, (_, i) => ({ name: `n${i}`, value: i / 7, list: [i, i + 1] })),
);

if (isMainThread && process.channel) {
  const cpuMs = (): number => process.threadCpuUsage().user / 1000;
  let last = cpuMs();
  let longest = 0;
  const look = (): void => {
    const now = cpuMs();
    longest = Math.max(longest, now - last);
    last = now;
  };
  setInterval(look, everyMs).unref();
  /** The median of three, in ms of CPU time. */
  const measureFixedWork = (): number => {
    const times = Array.from({ length: 3 }, () => {
      const start = cpuMs();
      JSON.parse(fixedText);
      return cpuMs() - start;
    });
    return times.sort((a, b) => a - b)[1]!;
  };
  process.on('message', () => {
    look();
    process.send!({ ms: longest, fixedWorks: longest / measureFixedWork() });
    last = cpuMs();
    longest = 0;
  });
  process.channel.unref();
}
