// Loaded into a server before it starts: SIGUSR2 makes a timer throw, SIGWINCH a promise reject, again and again.
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const later = (name, run) => process.once(name, () => void setInterval(run, 50));
  later('SIGUSR2', () => {
    throw new Error('thrown in a timer');
  });
  later('SIGWINCH', () => void Promise.reject(new Error('rejected and not handled')));
}
