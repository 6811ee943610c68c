import { createInterface } from 'node:readline';

/**
 * Answers each line, a number of training steps, with a line of JSON: milliseconds a step and the last loss.
 */
export async function answerRounds(ready: string, step: () => number | Promise<number>): Promise<void> {
  console.log(JSON.stringify({ ready }));
  for await (const line of createInterface({ input: process.stdin })) {
    const count = Number(line);
    const started = performance.now();
    let loss = 0;
    for (let i = 0; i < count; i++) loss = await step();
    console.log(JSON.stringify({ ms: (performance.now() - started) / count, loss }));
  }
}
