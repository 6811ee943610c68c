import type { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import type { SequenceEvent } from '../../src/engine/delivery.ts';
import type { Engine, NetworkHandle, SequenceRequest } from '../../src/engine/engine-interface.ts';
import { resumeBytes } from '../../src/engine/flow-control.ts';
import { planInside } from '../../src/network/inside.ts';
import {
  bidirectional,
  causal,
  expectReconciled,
  generating,
  loadNetwork,
  request,
  someIds,
  startEngine,
  until,
} from './served-networks.ts';

let engine: Engine;
afterEach(async () => {
  await expectReconciled(engine);
  await engine.close();
});

const planAll = ({ info }: NetworkHandle) => planInside(info.inside, ['hidden', 'cell', 'gates'], null);
type Asked = Partial<SequenceRequest>;
const asks: Record<string, (seed: number) => Asked> = {
  'every step': (seed) => ({ input: someIds(300, seed), steps: 'every' }),
  'the last step': (seed) => ({ input: someIds(400, seed), steps: 'last' }),
  'a generation': (seed) => ({
    input: someIds(5, seed),
    generation: generating({ maxTokens: 200, seed, stop: ['ab'] }),
  }),
};

interface Seen {
  /** Events without inside values, times and cuts. */
  rest: unknown[];
  /** Steps of the inside values as they arrived, and their numbers. */
  steps: number[];
  values: number[];
}

async function see(events: AsyncIterable<SequenceEvent>): Promise<Seen> {
  const seen: Seen = { rest: [], steps: [], values: [] };
  for await (const event of events) {
    if (event.kind === 'inside') {
      expect(event.values).toHaveLength(event.steps * event.width);
      for (let t = 0; t < event.steps; t++) seen.steps.push(event.first + t);
      // a spread of a long array is too many arguments
      for (const value of event.values) seen.values.push(value);
    } else if (event.kind === 'outputs') {
      for (let t = 0; t < event.steps; t++)
        seen.rest.push([
          event.first + t,
          ...new Uint32Array(event.values.slice(t * event.width, (t + 1) * event.width).buffer),
        ]);
    } else seen.rest.push(event.kind === 'done' ? { ...event, queuedMs: 0, runMs: 0 } : event);
  }
  return seen;
}

const count = (steps: number): number[] => Array.from({ length: steps }, (_, step) => step);
const stepsOf = ({ rest }: Seen): number => (rest.at(-1) as { steps: number }).steps;

test.for([
  ['causal', causal, ['every step', 'the last step', 'a generation']],
  ['bidirectional', bidirectional, ['every step', 'the last step']],
] as const)(
  'a %s network gives the same bits with inside values, preempted among others, and each step once',
  async ([, spec, names]) => {
    engine = startEngine({ workers: 1, slots: 2 });
    const handle = await loadNetwork(engine, spec);
    const plan = planAll(handle);
    const requests = names.flatMap((name) => [1, 2, 3].map((seed) => asks[name]!(seed)));
    const plain: Seen[] = [];
    const alone: Seen[] = [];
    for (const asked of requests) {
      plain.push(await see(engine.submit(request(handle, asked))));
      alone.push(await see(engine.submit(request(handle, { ...asked, inside: plan }))));
    }
    const together = await Promise.all(
      requests.flatMap((asked) => [
        see(engine.submit(request(handle, { ...asked, inside: plan }))),
        see(engine.submit(request(handle, asked))),
      ]),
    );
    requests.forEach((_, i) => {
      expect(alone[i]!.rest).toEqual(plain[i]!.rest);
      expect(alone[i]!.steps).toEqual(count(stepsOf(alone[i]!)));
      expect(together[2 * i]).toEqual(alone[i]);
      expect(together[2 * i + 1]).toEqual(plain[i]);
    });
  },
);

test('values of a layer of the last step are those that embed gives', async () => {
  engine = startEngine({ workers: 1 });
  const spec = { ...causal, layers: causal.layers.slice(0, 2) };
  const handle = await loadNetwork(engine, spec);
  const inside = planInside(handle.info.inside, ['hidden'], null);
  const input = someIds(70, 4);
  const events: SequenceEvent[] = await Array.fromAsync(
    engine.submit(request(handle, { input, output: 'hidden', inside })),
  );
  const seen = events.findLast(({ kind }) => kind === 'inside')!;
  const last = events.find(({ kind }) => kind === 'outputs')!;
  if (seen.kind !== 'inside' || last.kind !== 'outputs') throw new Error('an event is missing');
  expect(seen.values.slice(-24)).toEqual(last.values);
});

test('steps before the first that is wanted are not sent', async () => {
  engine = startEngine({ workers: 1 });
  const handle = await loadNetwork(engine, causal);
  const inside = planAll(handle);
  const asked = { input: someIds(500, 2) };
  const all = await see(engine.submit(request(handle, { ...asked, inside })));
  const some = await see(engine.submit(request(handle, { ...asked, inside: { ...inside, firstStep: 333 } })));
  expect(some.rest).toEqual(all.rest);
  expect(some.steps).toEqual(count(500).slice(333));
  expect(some.values).toEqual(all.values.slice(333 * inside.width));
});

const streams = 8;

test('unread inside values use bounded memory, survive crashes, and no step is lost or sent twice', async () => {
  const threads = new Map<number, Worker>();
  engine = startEngine({
    workers: 2,
    slots: 2,
    hooks: { onWorkerStart: (thread, index) => threads.set(index, thread) },
  });
  const handle = await loadNetwork(engine, causal);
  const inside = planAll(handle);
  const asked = (seed: number): SequenceRequest =>
    request(
      handle,
      seed % 2 === 0
        ? { input: someIds(3000, seed), steps: 'last', inside }
        : { input: someIds(5, seed), generation: generating({ maxTokens: 1000, seed }), inside },
    );
  const alone: Seen[] = [];
  for (let seed = 0; seed < streams; seed++) alone.push(await see(engine.submit(asked(seed))));

  const unread = count(streams).map((seed) => engine.submit(asked(seed)));
  await until(
    () => engine.stats().unreadBytes > streams * resumeBytes && engine.stats().paused >= streams - 4,
  );
  expect(engine.stats().unreadBytes).toBeLessThanOrEqual(streams * 4 * 65_536);
  const iterators = unread.map((events) => events[Symbol.asyncIterator]());
  const first = await Promise.all(iterators.map((iterator) => iterator.next()));
  await threads.get(0)!.terminate();
  await threads.get(1)!.terminate();
  const rest = iterators.map((iterator, seed) =>
    see(
      (async function* () {
        yield first[seed]!.value as SequenceEvent;
        yield* { [Symbol.asyncIterator]: () => iterator };
      })(),
    ),
  );
  expect(await Promise.all(rest)).toEqual(alone);
  expect(engine.stats()).toMatchObject({ unreadBytes: 0, paused: 0, running: 0 });
});
