import { expect, test } from 'vitest';
import { createServiceRate } from '../../src/engine/service-rate.ts';

/** Runs `steps` steps every 10 ms from `from` to `to`. */
function run(rate: ReturnType<typeof createServiceRate>, from: number, to: number, steps: number): void {
  for (let now = from + 10; now <= to; now += 10) {
    rate.progress(steps);
    rate.measure(now);
  }
}

test('foretells nothing before it has measured under a full load', () => {
  const rate = createServiceRate();
  rate.setLevel('light', 0);
  run(rate, 0, 1000, 10);
  expect(rate.stepsPerMs).toBeNull();
  rate.setLevel('full', 1000);
  run(rate, 1000, 1200, 20);
  expect(rate.stepsPerMs).toBeNull();
  run(rate, 1200, 1600, 20);
  expect(rate.stepsPerMs).toBeCloseTo(2, 5);
});

test('a light load does not lower it, and a better one raises it', () => {
  const rate = createServiceRate();
  rate.setLevel('full', 0);
  run(rate, 0, 1000, 20);
  rate.setLevel('light', 1000);
  run(rate, 1000, 5000, 1);
  expect(rate.stepsPerMs).toBeCloseTo(2, 5);
  run(rate, 5000, 6000, 50);
  expect(rate.stepsPerMs).toBeCloseTo(5, 5);
});

test('follows a change under a full load', () => {
  const rate = createServiceRate();
  rate.setLevel('full', 0);
  run(rate, 0, 1000, 20);
  run(rate, 1000, 5000, 5);
  expect(rate.stepsPerMs).toBeCloseTo(0.5, 1);
});

test('sequences that are only counted at their end do not look like a standstill', () => {
  const rate = createServiceRate();
  rate.setLevel('full', 0);
  for (let now = 10; now <= 5000; now += 10) {
    if (now % 1000 === 0) rate.progress(3000);
    rate.measure(now);
  }
  expect(rate.stepsPerMs).toBeCloseTo(3, 5);
});

test('time without sequences is not counted', () => {
  const rate = createServiceRate();
  rate.setLevel('full', 0);
  run(rate, 0, 500, 20);
  rate.setLevel('idle', 500);
  rate.setLevel('full', 60_000);
  run(rate, 60_000, 60_500, 20);
  expect(rate.stepsPerMs).toBeCloseTo(2, 5);
});
