import { describe, expect, it } from 'vitest';
import { checkCapacity } from '../../src/engine/admission.ts';
import { createNetworkLoad, type StepCount } from '../../src/engine/network-load.ts';

const slots = 8;
const limits = { slots, queue: 100, maxExpectedMs: 500 };

/** A network that runs 2 steps per millisecond, with `count` sequences of `steps` steps each. */
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
const check = (load: ReturnType<typeof busy>, more: object = {}) =>
  checkCapacity(limits, {
    sequences: load.sequences,
    networks: 1,
    load,
    steps: 100,
    leftMs: 30_000,
    grouped: false,
    ...more,
  });

describe('admission', () => {
  it('admits sequences whose expected time is within the limit, however many there are', () => {
    check(busy(50, 10));
  });

  it('rejects a sequence whose expected time is too long while most slots are in use, with a retry time', () => {
    expect(() => check(busy(6, 1000))).toThrow('expected in 3050 ms, the limit is 500 ms');
    expect(() => check(busy(6, 1000))).toThrow(
      expect.objectContaining({ code: 'overloaded', retryAfterSeconds: 3 }),
    );
    check(busy(5, 1000));
  });

  it('rejects a sequence that cannot finish by its deadline once a quarter of the slots is in use', () => {
    expect(() => check(busy(2, 500), { leftMs: 540 })).toThrow('550 ms, the deadline is in 540 ms');
    check(busy(2, 500), { leftMs: 560 });
  });

  it('admits every sequence while most slots are free, whatever the measured rate', () => {
    check(busy(1, 1_000_000), { leftMs: 1, steps: 1_000_000 });
    check(busy(0, 0), { leftMs: 1, steps: 1_000_000 });
  });

  it('admits the rest of a request of which one sequence was admitted', () => {
    check(busy(20, 1000), { grouped: true });
    expect(() => check(busy(20, 1000), { grouped: true, leftMs: 5000 })).toThrow('the deadline');
  });

  it('rejects sequences beyond the queue, except those of networks below their share of it', () => {
    expect(() => check(busy(108, 1), { sequences: 108 })).toThrow('the limit is 108');
    check(busy(10, 1), { sequences: 108, networks: 4 });
    expect(() => check(busy(25, 1), { sequences: 108, networks: 4 })).toThrow('the limit is 108');
  });
});

describe('the load of a network', () => {
  it('learns the share of their maximum tokens that generations emit', () => {
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

  it('estimates the minimum time of a sequence only while the network is full', () => {
    const sequence = { inputSteps: 400, maxSteps: 400, stepsLeft: 400 };
    expect(busy(slots, 400).minRemainingMs(sequence)).toBeCloseTo(800, 5);
    expect(busy(1, 400).minRemainingMs(sequence)).toBe(0);
  });
});
