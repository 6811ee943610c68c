import { expect, test } from 'vitest';
import { createNetworkQueue } from '../../src/engine/network-queue.ts';

interface Named {
  readonly name: string;
}
const sequences = new Map<string, Named>();
/** Creates one sequence for each name. */
const named = (name: string): Named => {
  const sequence = sequences.get(name) ?? { name };
  sequences.set(name, sequence);
  return sequence;
};
const drain = (queue: ReturnType<typeof createNetworkQueue<Named>>, maxBegun = Infinity): string => {
  let order = '';
  for (let next = queue.take(maxBegun); next !== undefined; next = queue.take(maxBegun)) order += next.name;
  return order;
};

test('returns new sequences in the order of arrival', () => {
  const queue = createNetworkQueue<Named>();
  for (const name of 'abc') queue.addNew(named(name));
  expect(queue.size).toBe(3);
  expect(drain(queue)).toBe('abc');
  expect(queue.size).toBe(0);
});

test('alternates between new and started sequences', () => {
  const queue = createNetworkQueue<Named>();
  for (const name of 'abc') queue.addNew(named(name));
  for (const name of 'XYZ') queue.addStarted(named(name));
  expect(drain(queue)).toBe('aXbYcZ');
});

test('returns started sequences first when more have started than there are slots', () => {
  const queue = createNetworkQueue<Named>();
  for (const name of 'ab') queue.addNew(named(name));
  for (const name of 'WXYZ') queue.addStarted(named(name));
  expect(drain(queue, 2)).toBe('WXaYbZ');
});

test('returns sequences whose worker crashed before all others', () => {
  const queue = createNetworkQueue<Named>();
  queue.addNew(named('a'));
  queue.addStarted(named('X'));
  queue.addRetries([named('r'), named('s')]);
  queue.addRetries([named('q')]);
  expect(
    Array.from(queue, ({ name }) => name)
      .sort()
      .join(''),
  ).toBe('Xaqrs');
  expect(drain(queue)).toBe('qrsaX');
});

test('removes a sequence from any of its queues', () => {
  const queue = createNetworkQueue<Named>();
  queue.addNew(named('a'));
  queue.addStarted(named('X'));
  queue.addRetries([named('r')]);
  for (const name of 'aXr') expect(queue.remove(named(name))).toBe(true);
  expect(queue.remove(named('a'))).toBe(false);
  expect(drain(queue)).toBe('');
});

test('returns new sequences of a higher priority first, in their order of arrival', () => {
  const queue = createNetworkQueue<Named>();
  for (const [name, priority] of [
    ['a', 0],
    ['b', 3],
    ['c', 1],
    ['d', undefined],
    ['e', 1],
    ['f', 2],
  ] as const)
    queue.addNew(named(name), priority);
  expect(queue.size).toBe(6);
  queue.addStarted(named('X'));
  expect(queue.remove(named('d'))).toBe(true);
  expect(Array.from(queue, ({ name }) => name).join('')).toBe('ceabfX');
  expect(drain(queue)).toBe('cXeabf');
});
