import { isMainThread } from 'node:worker_threads';

// Preloaded into a server (--import): measures how long its main thread is busy at a stretch, in CPU time of that thread,
// which does not depend on what else the machine does. Answers each message with the longest stretch since the one before.

const everyMs = 1;

if (isMainThread && process.channel) {
  const cpuMs = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let last = cpuMs();
  let longest = 0;
  const look = (): void => {
    const now = cpuMs();
    longest = Math.max(longest, now - last);
    last = now;
  };
  setInterval(look, everyMs).unref();
  process.on('message', () => {
    look();
    process.send!(longest);
    longest = 0;
  });
  process.channel.unref();
}
