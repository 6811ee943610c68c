// Loaded into a server before it starts: SIGUSR2 takes every file descriptor that is left, SIGWINCH gives them back.
import { closeSync, openSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const taken = [];
  process.on('SIGUSR2', () => {
    try {
      for (;;) taken.push(openSync('/dev/null'));
    } catch (error) {
      process.stdout.write(`taken ${taken.length}: ${error.code}\n`);
    }
  });
  process.on('SIGWINCH', () => {
    for (const descriptor of taken.splice(0)) closeSync(descriptor);
    process.stdout.write('given back\n');
  });
}
