// Loaded into a server before it starts: SIGUSR2 takes every file descriptor that is left, SIGWINCH gives them back.
import { closeSync, openSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const taken = [];
  const take = () => {
    try {
      for (;;) taken.push(openSync('/dev/null'));
    } catch (error) {
      return error.code;
    }
  };
  let taking;
  process.on('SIGUSR2', () => {
    const reason = take();
    process.stdout.write(`taken ${taken.length}: ${reason}\n`);
    // other threads close files that they had open
    taking = setInterval(take, 5);
  });
  process.on('SIGWINCH', () => {
    clearInterval(taking);
    for (const descriptor of taken.splice(0)) closeSync(descriptor);
    process.stdout.write('given back\n');
  });
}
