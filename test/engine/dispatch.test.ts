import { expect, test } from 'vitest';
import { createDispatcher, type DispatchedSequence } from '../../src/engine/dispatch.ts';

interface Sequence extends DispatchedSequence {
  readonly name: string;
}
const sequence = (name: string, network = 1): Sequence => ({
  name,
  network,
  phase: 'created',
  workerCrashes: 0,
});

/** Workers are letters; `started` lists every start as worker + sequence. */
function setUp(rows: number, workers: string, networks = [1]) {
  const started: string[] = [];
  const dispatcher = createDispatcher<Sequence, string>(rows, ({ name }, worker) =>
    started.push(worker + name),
  );
  for (const worker of workers) for (const network of networks) dispatcher.addNetwork(worker, network);
  return { dispatcher, started };
}

test('starts a sequence on the worker with the fewest sequences', () => {
  const { dispatcher, started } = setUp(2, 'ab');
  const first = sequence('1');
  for (const each of [first, sequence('2'), sequence('3')]) dispatcher.add(each);
  dispatcher.dispatch();
  expect(started).toEqual(['a1', 'b2', 'a3']);
  dispatcher.remove(first);
  dispatcher.add(sequence('4'));
  dispatcher.dispatch();
  expect(started.at(-1)).toBe('a4');
});

test('sends a worker at most twice its rows; the rest wait in order', () => {
  const { dispatcher, started } = setUp(1, 'a');
  const all = ['1', '2', '3', '4'].map((name) => sequence(name));
  for (const each of all) dispatcher.add(each);
  dispatcher.dispatch();
  expect(started).toEqual(['a1', 'a2']);
  expect([dispatcher.waiting, dispatcher.running]).toEqual([2, 2]);
  dispatcher.remove(all[0]!);
  dispatcher.dispatch();
  expect(started.at(-1)).toBe('a3');
});

test('starts a waiting sequence of a higher priority first', () => {
  const { dispatcher, started } = setUp(1, 'a');
  const running = ['1', '2'].map((name) => sequence(name));
  const waiting = [{}, { priority: 2 }, { priority: 1 }].map((request, i) => ({
    ...sequence(`${i + 3}`),
    request,
  }));
  for (const each of running) dispatcher.add(each);
  dispatcher.dispatch();
  for (const each of waiting) dispatcher.add(each);
  for (const each of [running[0]!, running[1]!, waiting[2]!]) {
    dispatcher.remove(each);
    dispatcher.dispatch();
  }
  expect(started).toEqual(['a1', 'a2', 'a5', 'a3', 'a4']);
});

test('does not delay a network because of the long queue of another', () => {
  const { dispatcher, started } = setUp(1, 'a', [1, 2]);
  for (let i = 0; i < 9; i++) dispatcher.add(sequence(String(i)));
  dispatcher.dispatch();
  dispatcher.add(sequence('x', 2));
  dispatcher.dispatch();
  expect(started).toEqual(['a0', 'a1', 'ax']);
});

test('queues a preempted sequence behind those that wait', () => {
  const { dispatcher, started } = setUp(1, 'a');
  const all = ['1', '2', '3'].map((name) => sequence(name));
  for (const each of all) dispatcher.add(each);
  dispatcher.dispatch();
  dispatcher.requeue(all[0]!);
  dispatcher.dispatch();
  dispatcher.remove(all[1]!);
  dispatcher.dispatch();
  expect(started).toEqual(['a1', 'a2', 'a3', 'a1']);
});

test('starts nothing on a worker without the network', () => {
  const { dispatcher, started } = setUp(1, 'a', [1]);
  dispatcher.add(sequence('x', 2));
  dispatcher.dispatch();
  expect(started).toEqual([]);
  dispatcher.addNetwork('b', 2);
  dispatcher.dispatch();
  expect(started).toEqual(['bx']);
});

test('runs the sequences of a crashed worker elsewhere, before those that wait', () => {
  const { dispatcher, started } = setUp(1, 'a');
  for (const name of ['1', '2', '3']) dispatcher.add(sequence(name));
  dispatcher.dispatch();
  expect(dispatcher.removeWorker('a')).toEqual([]);
  dispatcher.addNetwork('b', 1);
  dispatcher.dispatch();
  expect(started).toEqual(['a1', 'a2', 'b1', 'b2']);
});

test('isolates a sequence that crashes workers repeatedly, and ends only that one', () => {
  const { dispatcher, started } = setUp(2, 'a');
  const [poison, innocent] = [sequence('p'), sequence('i')];
  dispatcher.add(poison);
  dispatcher.add(innocent);
  dispatcher.dispatch();
  expect(dispatcher.removeWorker('a')).toEqual([]);
  dispatcher.addNetwork('b', 1);
  dispatcher.dispatch();
  expect(dispatcher.removeWorker('b')).toEqual([]);
  dispatcher.addNetwork('c', 1);
  dispatcher.add(sequence('n'));
  dispatcher.dispatch();
  expect(started.slice(4)).toEqual(['cp']);
  expect(dispatcher.removeWorker('c')).toEqual([poison]);
  dispatcher.addNetwork('d', 1);
  dispatcher.dispatch();
  expect(started.slice(5)).toEqual(['di']);
  dispatcher.remove(innocent);
  dispatcher.dispatch();
  expect(started.slice(6)).toEqual(['dn']);
});

test('reserves a worker for a suspected sequence until its others have ended', () => {
  const { dispatcher, started } = setUp(2, 'ab');
  const suspect = { ...sequence('s'), workerCrashes: 1 };
  dispatcher.add(suspect);
  dispatcher.dispatch();
  dispatcher.removeWorker('a');
  const busy = sequence('1');
  dispatcher.add(busy);
  // b is idle, so the suspected sequence runs there; the other waits for a new worker
  dispatcher.dispatch();
  expect(started.slice(1)).toEqual(['bs']);
  dispatcher.addNetwork('c', 1);
  dispatcher.dispatch();
  expect(started.slice(2)).toEqual(['c1']);
});

test('does not start a sequence that was removed from the queue', () => {
  const { dispatcher, started } = setUp(1, 'a');
  const removed = sequence('1');
  dispatcher.add(removed);
  expect(dispatcher.remove(removed)).toBeNull();
  dispatcher.dispatch();
  expect(started).toEqual([]);
});

test('returns the worker that must cancel a removed sequence', () => {
  const { dispatcher } = setUp(1, 'a');
  const single = sequence('1');
  dispatcher.add(single);
  dispatcher.dispatch();
  expect(dispatcher.remove(single)).toBe('a');
  expect(dispatcher.remove(single)).toBeNull();
});
