// Loaded into a server before it starts: SIGUSR2 makes a timer throw, SIGWINCH a promise reject, again and again.
import { isMainThread } from 'node:worker_threads';

function thrown() {
  throw new Error('thrown in a timer');
}
function rejected() {
  void Promise.reject(new Error('rejected and not handled'));
}

if (isMainThread) {
  process.once('SIGUSR2', () => setInterval(thrown, 50));
  process.once('SIGWINCH', () => setInterval(rejected, 50));
}
