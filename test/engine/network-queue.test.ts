import { expect, test } from 'vitest';
import { createNetworkQueue } from '../../src/engine/network-queue.ts';

const takeAll = (queue: ReturnType<typeof createNetworkQueue<string>>, maxBegun = Infinity): string => {
  let order = '';
  for (let next = queue.take(maxBegun); next !== undefined; next = queue.take(maxBegun)) order += next;
  return order;
};

test('takes new sequences in the order they came', () => {
  const queue = createNetworkQueue<string>();
  for (const name of 'abc') queue.addNew(name);
  expect(queue.size).toBe(3);
  expect(takeAll(queue)).toBe('abc');
  expect(queue.size).toBe(0);
});

test('lets new ones and those that have begun take turns', () => {
  const queue = createNetworkQueue<string>();
  for (const name of 'abc') queue.addNew(name);
  for (const name of 'XYZ') queue.addBegun(name);
  expect(takeAll(queue)).toBe('aXbYcZ');
});

test('finishes what has begun first when more has begun than there are slots', () => {
  const queue = createNetworkQueue<string>();
  for (const name of 'ab') queue.addNew(name);
  for (const name of 'WXYZ') queue.addBegun(name);
  expect(takeAll(queue, 2)).toBe('WXaYbZ');
});

test('takes those whose worker died before all others', () => {
  const queue = createNetworkQueue<string>();
  queue.addNew('a');
  queue.addBegun('X');
  queue.addRetries(['r', 's']);
  queue.addRetries(['q']);
  expect([...queue].sort().join('')).toBe('Xaqrs');
  expect(takeAll(queue)).toBe('qrsaX');
});

test('forgets what is removed, wherever it waits', () => {
  const queue = createNetworkQueue<string>();
  queue.addNew('a');
  queue.addBegun('X');
  queue.addRetries(['r']);
  for (const name of 'aXr') expect(queue.remove(name)).toBe(true);
  expect(queue.remove('a')).toBe(false);
  expect(takeAll(queue)).toBe('');
});
