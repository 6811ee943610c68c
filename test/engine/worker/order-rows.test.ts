import fc from 'fast-check';
import { expect, test } from 'vitest';
import { orderRows } from '../../../src/engine/worker/order-rows.ts';

test('sorts rows by descending steps, each with its own steps, stalled rows last', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(4), { maxLength: 12 }), (steps) => {
      const rows = steps.map((count, row) => ({ count, row }));
      const ordered = orderRows(steps, (a, b) => {
        expect(a).not.toBe(b);
        [rows[a], rows[b]] = [rows[b]!, rows[a]!];
      });
      expect(ordered).toEqual(steps.filter((count) => count > 0).sort((a, b) => b - a));
      expect(rows.slice(0, ordered.length).map(({ count }) => count)).toEqual(ordered);
    }),
  );
});

test('does not swap rows that are in order', () => {
  let swaps = 0;
  orderRows([8, 8, 3, 1, 1], () => swaps++);
  expect(swaps).toBe(0);
});

test('swaps once for one row that is out of order', () => {
  let swaps = 0;
  orderRows([1, 1, 1, 1, 8], () => swaps++);
  expect(swaps).toBe(1);
});
