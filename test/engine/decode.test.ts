import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { DecodeOptions } from '../../src/decoding/search.ts';
import type { SequenceEvent } from '../../src/engine/delivery.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import { expectReconciled } from './served-networks.ts';
import { createExample, learningCases, createWeights } from '../training/networks.ts';

// Encoder-decoders on worker threads.

const testCase = learningCases.find(({ name }) => name.startsWith('attention dot'))!;
const tokens = ['<s>', '</s>', 'a', 'b', 'c'];
const kernel = createKernel({ mode: 'auto', memoryMegabytes: 256 });
const engine = createEngine({ kernel, workers: 2, slots: 6, queue: 100, maxSteps: 100 });
afterEach(() => expectReconciled(engine));
afterAll(() => engine.close());
const load = () => engine.load(testCase.spec, createWeights(testCase), { tokens, startId: 0, endId: 1 });

const options = (more: Partial<DecodeOptions> = {}): DecodeOptions => ({
  mode: 'beam',
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  seed: 1,
  choice: 0,
  beamSize: 4,
  hypotheses: 3,
  patience: 1,
  lengthPenalty: 0.6,
  coveragePenalty: 0,
  maxLength: 12,
  minLength: 3,
  noRepeatNgram: 0,
  prefix: [],
  suppress: [],
  returnAttention: true,
  ...more,
});
const createSource = (seed: number): Int32Array =>
  Int32Array.from(createExample(testCase, 3, seed).source as number[]);

async function decode(
  network: Awaited<ReturnType<typeof load>>,
  seed: number,
  more: Partial<DecodeOptions> = {},
) {
  const events: SequenceEvent[] = [];
  for await (const event of engine.submit({
    network,
    input: createSource(seed),
    steps: 'last',
    output: 'output',
    decode: options(more),
    deadlineMs: performance.now() + 600_000,
  }))
    events.push(event);
  return events;
}
/** The result without times. */
const withoutTimes = (events: readonly SequenceEvent[]): readonly SequenceEvent[] =>
  events.map((event) => (event.kind === 'done' ? { ...event, queuedMs: 0, runMs: 0 } : event));

describe('decoding in the engine', () => {
  it('returns bit-identical results for more concurrent sequences than slots', async () => {
    const network = await load();
    const seeds = Array.from({ length: 40 }, (_, i) => i);
    const chooseMode = (seed: number): Partial<DecodeOptions> => ({
      mode: (['beam', 'greedy', 'sample'] as const)[seed % 3]!,
    });
    const batched = await Promise.all(seeds.map((seed) => decode(network, seed, chooseMode(seed))));
    for (const seed of seeds.slice(0, 12))
      expect(withoutTimes(await decode(network, seed, chooseMode(seed)))).toEqual(
        withoutTimes(batched[seed]!),
      );
    for (const events of batched) {
      expect(events.at(-1)!.kind).toBe('done');
      const decoded = events.find((event) => event.kind === 'decoded')!;
      const spoken = events.flatMap((event) => (event.kind === 'token' ? [event.id] : []));
      expect(spoken).toEqual(decoded.hypotheses[0]!.ids);
    }
    await engine.unload(network);
  });

  it('cancels the sequence of a client that disconnects, and frees all memory on unload', async () => {
    const before = kernel.memory.used;
    const network = await load();
    for await (const event of engine.submit({
      network,
      input: createSource(1),
      steps: 'last',
      output: 'output',
      decode: options({ mode: 'greedy', minLength: 11 }),
      deadlineMs: performance.now() + 600_000,
    }))
      if (event.kind === 'token') break;
    expect((await decode(network, 2)).at(-1)!.kind).toBe('done');
    expect(engine.stats().running).toBe(0);
    await engine.unload(network);
    expect(kernel.memory.used).toBe(before);
  });

  it('rejects other tasks of an encoder-decoder, and a beam wider than the slots', async () => {
    const network = await load();
    const unsupported = engine.submit({
      network,
      input: createSource(1),
      steps: 'last',
      output: 'output',
      deadlineMs: Infinity,
    });
    await expect(unsupported[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'wrong_task' });
    await expect(decode(network, 1, { beamSize: 7 })).rejects.toMatchObject({
      code: 'invalid_request',
      field: 'beam_size',
    });
    await engine.unload(network);
  });

  it('isolates the failure of one search from the others', async () => {
    const network = await load();
    const [bad, good] = await Promise.allSettled([
      decode(network, 1, { suppress: [1, 2, 3, 4] }),
      decode(network, 2),
    ]);
    expect(bad.status).toBe('rejected');
    expect(good.status).toBe('fulfilled');
    await engine.unload(network);
  });
});
