import { expect, test } from 'vitest';
import { createServiceRate } from '../../src/engine/service-rate.ts';

/** A rate with a clock and a counter that only `run` advances, 10 ms at a time. */
function setUp() {
  let now = 0;
  let steps = 0;
  const rate = createServiceRate(
    () => now,
    () => steps,
  );
  return {
    rate,
    wait: (ms: number) => void (now += ms),
    run(ms: number, stepsEach: (at: number) => number) {
      for (const end = now + ms; now < end;) {
        now += 10;
        steps += stepsEach(now);
        rate.measure();
      }
    },
  };
}

test('is unknown before it has been measured under a full load', () => {
  const { rate, run } = setUp();
  rate.setLevel('light');
  run(1000, () => 10);
  expect(rate.stepsPerMs).toBeNull();
  rate.setLevel('full');
  run(300, () => 20);
  expect(rate.stepsPerMs).toBeNull();
  run(400, () => 20);
  expect(rate.stepsPerMs).toBeCloseTo(2, 5);
});

test('does not decrease under a light load, and increases with a higher rate', () => {
  const { rate, run } = setUp();
  rate.setLevel('full');
  run(1000, () => 20);
  rate.setLevel('light');
  run(4000, () => 1);
  expect(rate.stepsPerMs).toBeCloseTo(2, 5);
  run(1000, () => 50);
  expect(rate.stepsPerMs).toBeCloseTo(5, 5);
});

test('follows a change under a full load, increases fast and decreases slowly', () => {
  const { rate, run } = setUp();
  rate.setLevel('full');
  run(2000, () => 20);
  run(1000, () => 5);
  expect(rate.stepsPerMs).toBeGreaterThan(1.2);
  run(20_000, () => 5);
  expect(rate.stepsPerMs).toBeCloseTo(0.5, 1);
  run(3000, () => 20);
  expect(rate.stepsPerMs).toBeCloseTo(2, 1);
});

test('does not decrease for batches that take longer than a window', () => {
  const { rate, run } = setUp();
  rate.setLevel('full');
  run(10_000, (at) => (at % 1000 === 0 ? 3000 : 0));
  expect(rate.stepsPerMs).toBeCloseTo(3, 5);
});

test('does not count time without sequences', () => {
  const { rate, run, wait } = setUp();
  rate.setLevel('full');
  run(1000, () => 20);
  rate.setLevel('idle');
  wait(60_000);
  rate.setLevel('full');
  run(500, () => 20);
  expect(rate.stepsPerMs).toBeCloseTo(2, 5);
});
