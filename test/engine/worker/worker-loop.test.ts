import { afterEach, expect, test } from 'vitest';
import type { FromWorker, StartMessage } from '../../../src/engine/channel/messages.ts';
import { freePlacement, placeNetwork, type Placement } from '../../../src/engine/placement.ts';
import { createWorkerLoop } from '../../../src/engine/worker/worker-loop.ts';
import { packTokens } from '../../../src/vocabulary/token-table.ts';
import { ids, randomWeights } from '../../network/random-network.ts';
import { causal, generating, kernel, someIds, tokens, vocabulary } from '../served-networks.ts';

let placed: Placement[] = [];
afterEach(() => {
  for (const placement of placed) freePlacement(placement, kernel);
  placed = [];
});

const networkContent = {
  kind: 'network',
  tokens: packTokens(tokens),
  startId: undefined,
  endId: undefined,
  decoder: null,
} as const;

/** A worker's loop in this thread with networks 1 … count, and the messages it sent. */
function setUp(count: number) {
  const sent: FromWorker[] = [];
  const ticks: number[] = [];
  const loop = createWorkerLoop({
    memory: kernel.memory.memory,
    send: (message) => sent.push(message),
    count: ({ rows }) => ticks.push(rows),
    now: () => 0,
  });
  for (let network = 1; network <= count; network++) {
    const weights = randomWeights(causal, ids(vocabulary));
    const placement = placeNetwork(causal, weights, { kernel, workers: 1, slots: 4, maxSteps: 100 });
    placed.push(placement);
    const { compiled, size, arenas } = placement;
    loop.control({
      kind: 'load',
      network,
      content: { ...networkContent, compiled, size },
      arena: arenas[0]!,
      batches: null,
      stepsRun: new SharedArrayBuffer(8),
    });
  }
  return { loop, sent, ticks };
}

const start = (sequence: number, network: number, more: Partial<StartMessage> = {}): StartMessage => ({
  kind: 'start',
  sequence,
  network,
  input: someIds(200, sequence),
  steps: 'every',
  output: 'output',
  decode: null,
  generation: null,
  from: null,
  keepState: false,
  resume: null,
  windowBytes: 1 << 16,
  alreadyDelivered: 0,
  ...more,
});
const listSequences = (sent: readonly FromWorker[]): number[] =>
  sent.flatMap((message) =>
    message.kind === 'reports' ? [...new Set(message.reports.map(({ sequence }) => sequence))] : [],
  );

test('runs one tick of each network in rotation, however many sequences each has', () => {
  const { loop, sent, ticks } = setUp(2);
  for (const sequence of [1, 2, 3]) loop.message(start(sequence, 1));
  loop.message(start(9, 2));
  for (let tick = 0; tick < 4; tick++) loop.tick();
  expect(ticks).toEqual([3, 1, 3, 1]);
  expect(listSequences(sent)).toEqual([1, 2, 3, 9, 1, 2, 3, 9]);
});

test('sends the reports of one tick as one message', () => {
  const { loop, sent } = setUp(1);
  for (const seed of [1, 2, 3])
    loop.message(start(seed, 1, { input: someIds(1, seed), generation: generating({ seed }) }));
  sent.length = 0;
  loop.tick();
  expect(sent).toHaveLength(1);
  expect(listSequences(sent)).toEqual([1, 2, 3]);
});

test('does not run a cancelled sequence in the next tick', () => {
  const { loop, ticks } = setUp(1);
  loop.message(start(1, 1));
  loop.message(start(2, 1));
  loop.tick();
  loop.message({ kind: 'cancel', sequence: 1 });
  loop.tick();
  expect(ticks).toEqual([2, 1]);
  loop.message({ kind: 'cancel', sequence: 2 });
  expect(loop.tick()).toBe(false);
});

test('reports why a network cannot be loaded, and removes an unloaded one', () => {
  const { loop, sent } = setUp(1);
  expect(sent).toEqual([{ kind: 'loaded', network: 1, error: null }]);
  const { compiled, arenas } = placed[0]!;
  const broken = { ...compiled, module: {} as WebAssembly.Module };
  const size = { maxRows: 4, maxPacked: 64 };
  loop.control({
    kind: 'load',
    network: 2,
    content: { ...networkContent, compiled: broken, size },
    arena: arenas[0]!,
    batches: null,
    stepsRun: new SharedArrayBuffer(8),
  });
  expect(sent[1]).toMatchObject({ kind: 'loaded', network: 2, error: expect.stringContaining('TypeError') });
  loop.control({ kind: 'unload', network: 1 });
  expect(sent[2]).toEqual({ kind: 'unloaded', network: 1 });
  loop.message(start(1, 1));
  expect(sent[3]).toMatchObject({ reports: [{ sequence: 1, report: { kind: 'failed' } }] });
  expect(loop.tick()).toBe(false);
});
