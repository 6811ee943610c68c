import { describe, expect, it } from 'vitest';
import { createLoadQueue } from '../../src/repository/load-queue.ts';

/** A queue whose loads end when `end` is called. */
function setUp() {
  const started: string[] = [];
  let end = (): void => {};
  const queue = createLoadQueue<string>((item) => {
    started.push(item);
    const { promise, resolve } = Promise.withResolvers<void>();
    end = resolve;
    return promise;
  });
  const next = async (): Promise<void> => {
    end();
    await settle();
  };
  return { queue, started, next };
}
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a queue of loads', () => {
  it('loads the most urgent first, and of equals the one that was added first, one at a time', async () => {
    const { queue, started, next } = setUp();
    void queue.add('a', 'rest');
    void queue.add('b', 'rest');
    void queue.add('c', 'update');
    void queue.add('d', 'asked');
    await settle();
    expect(started).toEqual(['d']);
    void queue.add('e', 'asked');
    queue.prefer('b');
    queue.prefer('unknown');
    for (let i = 0; i < 6; i++) await next();
    expect(started).toEqual(['d', 'e', 'b', 'c', 'a']);
  });

  it('loads an item that is added twice once, and neither later nor less urgently than before', async () => {
    const { queue, started, next } = setUp();
    const first = queue.add('a', 'update');
    expect(queue.add('a', 'rest')).toBe(first);
    void queue.add('b', 'update');
    for (let i = 0; i < 4; i++) await next();
    expect(started).toEqual(['a', 'b']);
  });

  it('loads an item again that is added while it is being loaded', async () => {
    const { queue, started, next } = setUp();
    const first = queue.add('a', 'rest');
    await settle();
    expect(queue.pending('a')).toBe(first);
    const again = queue.add('a', 'rest');
    expect(queue.pending('a')).toBe(again);
    await next();
    await first;
    expect(started).toEqual(['a', 'a']);
    expect(queue.pending('a')).toBe(again);
    await next();
    await again;
    expect(queue.pending('a')).toBeNull();
  });

  it('never loads what is dropped, and ends the wait for it', async () => {
    const { queue, started, next } = setUp();
    void queue.add('a', 'rest');
    const dropped = queue.add('b', 'rest');
    queue.drop('b');
    await dropped;
    expect(queue.pending('b')).toBeNull();
    const left = queue.add('c', 'rest');
    await settle();
    queue.close();
    await left;
    await queue.add('d', 'asked');
    for (let i = 0; i < 3; i++) await next();
    expect(started).toEqual(['a']);
  });

  it('continues after it was empty', async () => {
    const { queue, started, next } = setUp();
    for (const item of ['a', 'b']) {
      const done = queue.add(item, 'rest');
      await settle();
      await next();
      await done;
    }
    expect(started).toEqual(['a', 'b']);
  });
});
