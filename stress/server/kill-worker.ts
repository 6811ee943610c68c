import type { Worker } from 'node:worker_threads';

// Preloaded into a server: SIGWINCH terminates one of its serving threads, like a crash.

const workers = new Set<Worker>();
process.on('worker', (worker) => {
  workers.add(worker);
  worker.once('exit', () => workers.delete(worker));
});
process.on('SIGWINCH', () => {
  const serving = [...workers].filter(({ threadName }) => /^unroll-\d+$/.test(threadName ?? ''));
  void serving[Math.floor(Math.random() * serving.length)]?.terminate();
});
