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

/** Workers are letters; `started` is every start so far as worker + sequence. */
function setUp(rows: number, workers: string, networks = [1]) {
  const started: string[] = [];
  const dispatcher = createDispatcher<Sequence, string>(rows, ({ name }, worker) =>
    started.push(worker + name),
  );
  for (const worker of workers) for (const network of networks) dispatcher.addNetwork(worker, network);
  return { dispatcher, started };
}

test('sequences go to the worker that has the fewest', () => {
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

test('a worker is given no more than fills its rows twice; the rest wait in order', () => {
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

test('a network with a long line does not keep another one waiting', () => {
  const { dispatcher, started } = setUp(1, 'a', [1, 2]);
  for (let i = 0; i < 9; i++) dispatcher.add(sequence(String(i)));
  dispatcher.dispatch();
  dispatcher.add(sequence('x', 2));
  dispatcher.dispatch();
  expect(started).toEqual(['a0', 'a1', 'ax']);
});

test('a parked sequence goes behind those that wait', () => {
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

test('nothing starts on a worker that does not have the network', () => {
  const { dispatcher, started } = setUp(1, 'a', [1]);
  dispatcher.add(sequence('x', 2));
  dispatcher.dispatch();
  expect(started).toEqual([]);
  dispatcher.addNetwork('b', 2);
  dispatcher.dispatch();
  expect(started).toEqual(['bx']);
});

test('what a lost worker ran is run elsewhere, before those that wait', () => {
  const { dispatcher, started } = setUp(1, 'a');
  for (const name of ['1', '2', '3']) dispatcher.add(sequence(name));
  dispatcher.dispatch();
  expect(dispatcher.removeWorker('a')).toEqual([]);
  dispatcher.addNetwork('b', 1);
  dispatcher.dispatch();
  expect(started).toEqual(['a1', 'a2', 'b1', 'b2']);
});

test('a sequence that keeps bringing workers down ends up alone, and only it is given up', () => {
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

test('a worker is emptied for a sequence that must run alone', () => {
  const { dispatcher, started } = setUp(2, 'ab');
  const suspect = { ...sequence('s'), workerCrashes: 1 };
  dispatcher.add(suspect);
  dispatcher.dispatch();
  dispatcher.removeWorker('a');
  const busy = sequence('1');
  dispatcher.add(busy);
  // b is idle, so the suspect takes it; the other waits for a new worker
  dispatcher.dispatch();
  expect(started.slice(1)).toEqual(['bs']);
  dispatcher.addNetwork('c', 1);
  dispatcher.dispatch();
  expect(started.slice(2)).toEqual(['c1']);
});

test('a sequence removed from the line does not start', () => {
  const { dispatcher, started } = setUp(1, 'a');
  const gone = sequence('1');
  dispatcher.add(gone);
  expect(dispatcher.remove(gone)).toBeNull();
  dispatcher.dispatch();
  expect(started).toEqual([]);
});

test('removing a running sequence says who must forget it', () => {
  const { dispatcher } = setUp(1, 'a');
  const one = sequence('1');
  dispatcher.add(one);
  dispatcher.dispatch();
  expect(dispatcher.remove(one)).toBe('a');
  expect(dispatcher.remove(one)).toBeNull();
});
