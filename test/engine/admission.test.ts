import { describe, expect, it } from 'vitest';
import { findOverload } from '../../src/engine/admission.ts';
import { createNetworkLoad, type StepCount } from '../../src/engine/network-load.ts';

const slots = 8;
const limits = { slots, queue: 100, maxExpectedMs: 500 };

/** A network that runs 2 steps a millisecond, with `count` sequences of `steps` steps each. */
function busy(count: number, steps: number) {
  let now = 0;
  let run = 0;
  const load = createNetworkLoad(
    slots,
    () => now,
    () => run,
  );
  const long: StepCount = { inputSteps: 1, maxSteps: 1_000_000, stepsLeft: 0 };
  for (let i = 0; i < slots; i++) load.add(long);
  for (let i = 0; i < 10; i++) {
    now += 100;
    run += 200;
    load.measure();
  }
  for (let i = 0; i < slots; i++) load.remove(long);
  for (let i = 0; i < count; i++) load.add({ inputSteps: steps, maxSteps: steps, stepsLeft: steps });
  return load;
}
/** The reason of the refusal, null when the sequence is admitted. */
const ask = (load: ReturnType<typeof busy>, more: object = {}): string | null =>
  refusal(load, more)?.message ?? null;
const refusal = (load: ReturnType<typeof busy>, more: object) =>
  findOverload(limits, {
    sequences: load.sequences,
    networks: 1,
    load,
    steps: 100,
    leftMs: 30_000,
    grouped: false,
    ...more,
  });

describe('admission', () => {
  it('admits requests expected within the limit, however many there are', () => {
    expect(ask(busy(40, 10))).toBeNull();
  });

  it('refuses at once a long sequence that would share the workers with too many, with the time to retry after', () => {
    // 60 steps take 600 ms with 19 others, and 180 ms with 5
    expect(ask(busy(19, 1000), { steps: 60 })).toContain('expected in 600 ms, the limit is 500 ms');
    expect(refusal(busy(19, 1000), { steps: 60 })).toMatchObject({
      code: 'overloaded',
      retryAfterSeconds: 10,
    });
    expect(ask(busy(19, 1000), { steps: 50 })).toBeNull();
  });

  it('leaves three quarters of the slots to long sequences, however long they take', () => {
    expect(ask(busy(5, 100_000), { steps: 100_000, leftMs: Infinity })).toBeNull();
    expect(ask(busy(6, 100_000), { steps: 100_000, leftMs: Infinity })).toContain('while 6 sequences');
    expect(ask(busy(6, 100_000), { steps: 100, leftMs: Infinity })).toBeNull();
  });

  it('does not count long sequences in full against a short one, for they share the workers', () => {
    expect(ask(busy(slots - 1, 100_000), { steps: 10, leftMs: 41 })).toBeNull();
    expect(ask(busy(slots - 1, 100_000), { steps: 10, leftMs: 39 })).toContain('the deadline is in 39 ms');
  });

  it('refuses what cannot be answered by its deadline, once a quarter of the slots is taken', () => {
    expect(ask(busy(2, 500), { steps: 500, leftMs: 740 })).toContain('750 ms, the deadline is in 740 ms');
    expect(ask(busy(2, 500), { steps: 500, leftMs: 760 })).toBeNull();
  });

  it('admits a request while most slots are free, whatever was measured before', () => {
    for (const load of [busy(1, 1_000_000), busy(0, 0)])
      expect(ask(load, { leftMs: 1, steps: 1_000_000 })).toBeNull();
  });

  it('admits the rest of a request that it has begun to admit', () => {
    expect(ask(busy(20, 1000), { grouped: true })).toBeNull();
    expect(ask(busy(20, 1000), { grouped: true, leftMs: 1000 })).toContain('the deadline');
  });

  it('refuses beyond the queue, but leaves every network its share of it', () => {
    expect(ask(busy(108, 1), { sequences: 108 })).toContain('the limit is 108');
    expect(ask(busy(10, 1), { sequences: 108, networks: 4 })).toBeNull();
    expect(ask(busy(25, 1), { sequences: 108, networks: 4 })).toContain('the limit is 108');
  });
});

describe('what a network has to do', () => {
  it('assumes of an unknown sequence what most need at least', () => {
    const load = createNetworkLoad(
      slots,
      () => 0,
      () => 0,
    );
    const add = (steps: number) => load.add({ inputSteps: steps, maxSteps: steps, stepsLeft: steps });
    for (let i = 0; i < 100; i++) add(800);
    expect(load.assumedSteps).toBeCloseTo(800, 5);
    for (let i = 0; i < 200; i++) add(i % 4 === 0 ? 20 : 800);
    expect(load.assumedSteps).toBeLessThan(300);
  });

  it('learns how much of what generations may write they do write', () => {
    const load = createNetworkLoad(
      slots,
      () => 0,
      () => 0,
    );
    const request = { generation: { maxTokens: 1000 } } as never;
    expect(load.estimateSteps(request, 10)).toEqual({ inputSteps: 10, maxSteps: 1010, stepsLeft: 1010 });
    for (let i = 0; i < 200; i++) load.recordResult(load.estimateSteps(request, 10), 110);
    expect(load.estimateSteps(request, 10).stepsLeft).toBeLessThan(130);
  });

  it('foretells the least time of a sequence only while there is enough to do', () => {
    const sequence = { inputSteps: 400, maxSteps: 400, stepsLeft: 400 };
    expect(busy(slots, 400).minRemainingMs(sequence)).toBeCloseTo(800, 5);
    expect(busy(1, 400).minRemainingMs(sequence)).toBe(0);
  });
});
