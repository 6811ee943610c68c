import { expect, it } from 'vitest';
import { createInputQueue } from '../../../../src/http/v1/input-streams/input-queue.ts';

function queueOf() {
  const calls: string[] = [];
  const source = { pause: () => void calls.push('pause'), resume: () => void calls.push('resume') };
  return { calls, queue: createInputQueue<number>(source) };
}

it('gives what arrives in order, and then the end', async () => {
  const { queue } = queueOf();
  const first = queue.next();
  for (const item of [1, 2, 3]) queue.push(item, 8);
  queue.end();
  expect([await first, await queue.next(), await queue.next(), await queue.next()]).toEqual([1, 2, 3, null]);
});

it('pauses its source while much waits, and resumes it once half of that is taken', async () => {
  const { queue, calls } = queueOf();
  for (let i = 0; i < 3; i++) queue.push(i, 30_000);
  expect(calls).toEqual(['pause']);
  await queue.next();
  expect(calls).toEqual(['pause']);
  await queue.next();
  expect(calls).toEqual(['pause', 'resume']);
});

it('counts items without bytes too', () => {
  const { queue, calls } = queueOf();
  for (let i = 0; i < 2000; i++) queue.push(i, 0);
  expect(calls).toEqual(['pause']);
});

it('fails at once with the first reason, whatever waits', async () => {
  const { queue } = queueOf();
  queue.push(1, 8);
  queue.fail(new Error('first'));
  queue.fail(new Error('second'));
  queue.push(2, 8);
  await expect(queue.next()).rejects.toThrow('first');
  await expect(queue.next()).rejects.toThrow('first');
});

it('fails a read that waits', async () => {
  const { queue } = queueOf();
  const waiting = queue.next();
  queue.fail(new Error('left'));
  await expect(waiting).rejects.toThrow('left');
});

it('tells a reader that does not wait of what arrives, of the end and of a failure', () => {
  const { queue } = queueOf();
  const taken: (number | null | string)[] = [];
  queue.push(1, 8);
  queue.listen(() => {
    try {
      taken.push(queue.take(), queue.ended ? 'end' : 'more');
    } catch (error) {
      taken.push((error as Error).message);
    }
  });
  expect(taken).toEqual([1, 'more']);
  queue.push(2, 8);
  queue.end();
  queue.fail(new Error('left'));
  expect(taken.slice(2)).toEqual([2, 'more', null, 'end', 'left']);
});
