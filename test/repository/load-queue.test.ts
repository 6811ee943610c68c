import { expect, it } from 'vitest';
import { createLoadQueue } from '../../src/repository/load-queue.ts';

it('gives what was added in order, each once, and what is preferred first', () => {
  const queue = createLoadQueue<string>();
  for (const item of ['a', 'b', 'c', 'a']) queue.add(item);
  queue.prefer('c');
  queue.prefer('unknown');
  expect(queue.size).toBe(3);
  expect([queue.take(), queue.take(), queue.take(), queue.take()]).toEqual(['c', 'a', 'b', undefined]);
  expect(queue.size).toBe(0);
});
