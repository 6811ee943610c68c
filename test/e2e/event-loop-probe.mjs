import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

// Preloaded into a server (node --import): appends to the file EVENT_LOOP_PROBE_FILE what held its main thread up.

const file = process.env.EVENT_LOOP_PROBE_FILE;
const everyMs = 50;

if (isMainThread && file !== undefined) {
  const cpuMs = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let before = { cpu: cpuMs(), time: performance.now() };
  let longestCpuMs = 0;
  let stallMs = 0;
  // between two of these the main thread came back to its event loop at least once
  setInterval(() => {
    const now = { cpu: cpuMs(), time: performance.now() };
    longestCpuMs = Math.max(longestCpuMs, now.cpu - before.cpu);
    stallMs = Math.max(stallMs, now.time - before.time - 1);
    before = now;
  }, 1).unref();
  setInterval(() => {
    appendFileSync(file, `${JSON.stringify({ at: Date.now(), stallMs, longestCpuMs, cpuMs: cpuMs() })}\n`);
    longestCpuMs = 0;
    stallMs = 0;
  }, everyMs).unref();
}
