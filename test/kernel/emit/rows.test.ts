import { describe, expect, it } from 'vitest';
import type { Emitter } from '../../../src/kernel/emit/emitter.ts';
import { padded } from '../../../src/kernel/layout.ts';
import { emitLinear } from '../../../src/kernel/emit/linear.ts';
import { emitMerge } from '../../../src/kernel/emit/merge.ts';
import { emitPool, poolState } from '../../../src/network/layers/pool/emit.ts';
import { emitConcat, emitGather } from '../../../src/kernel/emit/rows.ts';
import { emitLogSoftmax, emitSoftmax } from '../../../src/kernel/emit/softmax.ts';
import { instantiate } from '../../../src/kernel/instantiate.ts';
import type { KernelMode } from '../../../src/kernel/compile.ts';
import { createKernel } from '../../../src/cells/create-kernel.ts';
import { denseOrder, packMatrix, packVector } from '../../../src/kernel/pack.ts';
import { linear } from '../../../src/kernel/reference/linear.ts';
import { logSoftmax, softmax } from '../../../src/kernel/reference/softmax.ts';
import { randomNumbers } from '../../network/random-network.ts';

/** A kernel with one function, and rows in its memory. */
function bench(emit: (e: Emitter) => string, mode: KernelMode = 'auto') {
  const kernel = createKernel({ mode, memoryMegabytes: 64 });
  let name = '';
  const { module } = kernel.compile((e) => (name = emit(e)));
  const run = instantiate(module, kernel.memory.memory)[name]!;
  const floats = (address: number, length: number): Float32Array =>
    new Float32Array(kernel.memory.memory.buffer, address, length);
  /** [rows][width] → padded rows in memory, what stands past the width set to a value that must not matter */
  const put = (rows: readonly ArrayLike<number>[], width: number): number => {
    const address = kernel.memory.allocate(rows.length * padded(width) * 4 + 64);
    rows.forEach((row, r) => {
      floats(address + r * padded(width) * 4, padded(width)).fill(1e30);
      floats(address + r * padded(width) * 4, width).set(Array.from(row));
    });
    return address;
  };
  const take = (address: number, rows: number, width: number): number[][] =>
    Array.from({ length: rows }, (_, r) => [...floats(address + r * padded(width) * 4, width)]);
  const room = (length: number): number => kernel.memory.allocate(length * 4 + 64);
  return { run, put, take, room, floats, memory: kernel.memory.memory };
}

const random = randomNumbers(5);
const draw = (rows: number, width: number, scale = 1): Float32Array[] =>
  Array.from({ length: rows }, () => Float32Array.from({ length: width }, () => random() * scale));

describe('linear', () => {
  it.each([1, 3, 16, 17, 64, 100, 257])(
    'is W x + b for %i columns, any inner size and number of rows',
    (columns) => {
      for (const inner of [1, 2, 5, 17, 64]) {
        const { run, put, take, room, floats } = bench((e) => emitLinear(e, { inner, columns }));
        const w = draw(columns, inner, 1 / Math.sqrt(inner));
        const [b] = draw(1, columns);
        const order = denseOrder(columns);
        const weights = room(order.length * inner);
        packMatrix(
          Float32Array.from(w.flatMap((row) => [...row])),
          inner,
          order,
          floats(weights, order.length * inner),
        );
        const bias = room(order.length);
        packVector(b!, order, floats(bias, order.length));
        for (const rows of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 33]) {
          const x = draw(rows, inner);
          const y = room(Math.max(1, rows) * padded(columns));
          run(put(x, inner), weights, bias, y, rows);
          take(y, rows, columns).forEach((row, r) => {
            const exact = linear(
              w.flatMap((line) => [...line]),
              x[r]!,
              b!,
            );
            exact.forEach((value, k) => expect(Math.abs(row[k]! - value)).toBeLessThan(2e-6));
          });
        }
      }
    },
  );
});

describe.each([1, 2, 5, 16, 17, 100])('over rows of %i columns', (width) => {
  const rows = [...draw(4, width, 20), Float32Array.from({ length: width }, (_, k) => -1000 * k)];

  it('softmax is within 1e-6 of float64', () => {
    const { run, put, take } = bench((e) => emitSoftmax(e, width));
    const x = put(rows, width);
    run(x, rows.length);
    take(x, rows.length, width).forEach((row, r) => {
      softmax(rows[r]!).forEach((value, k) => expect(Math.abs(row[k]! - value)).toBeLessThanOrEqual(1e-6));
      expect(Math.abs(row.reduce((sum, value) => sum + value, 0) - 1)).toBeLessThan(1e-6);
    });
  });

  it.each(['auto', 'plain'] as const)('log softmax is within 2e-6 of float64 (%s)', (mode) => {
    const { run, put, take } = bench((e) => emitLogSoftmax(e, width), mode);
    const x = put(rows, width);
    run(x, rows.length);
    take(x, rows.length, width).forEach((row, r) =>
      logSoftmax(rows[r]!).forEach((value, k) =>
        expect(Math.abs(row[k]! - value)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(value))),
      ),
    );
  });
});

describe('log softmax', () => {
  const take = (row: Float32Array): number[] => {
    const { run, put, take: read } = bench((e) => emitLogSoftmax(e, row.length));
    const x = put([row], row.length);
    run(x, 1);
    return read(x, 1, row.length)[0]!;
  };

  it.each([1, 3, 1000, 20_000, 262_144])('has the logarithm of the sum over %i equal columns', (width) => {
    const expected = -Math.log(width);
    for (const value of take(new Float32Array(width).fill(3)))
      expect(Math.abs(value - expected)).toBeLessThanOrEqual(2e-6 * Math.max(1, -expected));
  });
  it('gives NaN for a NaN', () => expect(take(Float32Array.of(1, NaN, 2))).toEqual([NaN, NaN, NaN]));
  it.each([-300, -Infinity])('stays %f where the softmax is 0, and is not above 0', (low) => {
    const [high, value] = take(Float32Array.of(0, low));
    expect(value).toBe(low);
    expect(high).toBeLessThanOrEqual(0);
    expect(high).toBeGreaterThan(-1e-6);
  });
});

describe('softmax at the edges', () => {
  const soften = (row: number[]): number[] => {
    const { run, put, take } = bench((e) => emitSoftmax(e, row.length));
    const x = put([row], row.length);
    run(x, 1);
    return take(x, 1, row.length)[0]!;
  };

  it('gives NaN for a NaN', () => expect(soften([1, NaN, 2])).toEqual([NaN, NaN, NaN]));
  it('gives 0 for −∞', () => expect(soften([0, -Infinity])).toEqual([1, 0]));
  it('does not overflow', () => expect(soften([3e38, 3e38])).toEqual([0.5, 0.5]));
});

describe('gathering and concatenating rows', () => {
  it('gathers rows by id, in order and repeatedly', () => {
    const { run, put, take, room, memory } = bench((e) => emitGather(e, 20));
    const table = draw(7, 20);
    const chosen = [6, 0, 0, 3];
    const ids = room(4);
    new Int32Array(memory.buffer, ids, 4).set(chosen);
    const y = room(4 * padded(20));
    run(put(table, 20), ids, y, 4);
    expect(take(y, 4, 20)).toEqual(chosen.map((id) => [...table[id]!]));
  });

  it.each([[[1, 1]], [[3, 16, 5]], [[17, 2, 31, 1]]])('concatenates rows of %j columns', (widths) => {
    const { run, put, take, room } = bench((e) => emitConcat(e, widths));
    const parts = widths.map((width) => draw(5, width));
    const total = widths.reduce((sum, width) => sum + width, 0);
    const y = room(5 * padded(total));
    run(...parts.map((part, i) => put(part, widths[i]!)), y, 5);
    expect(take(y, 5, total)).toEqual(
      Array.from({ length: 5 }, (_, r) => parts.flatMap((part) => [...part[r]!])),
    );
  });

  it.each([
    ['sum', (a: number, b: number) => Math.fround(a + b)],
    ['mul', (a: number, b: number) => Math.fround(a * b)],
    ['ave', (a: number, b: number) => Math.fround(Math.fround(a + b) / 2)],
  ] as const)('merges two rows by %s', (mode, exactly) => {
    const { run, put, take, room } = bench((e) => emitMerge(e, mode, 19));
    const [a, b] = [draw(3, 19), draw(3, 19)];
    const y = room(3 * padded(19));
    run(put(a, 19), put(b, 19), y, 3);
    expect(take(y, 3, 19)).toEqual(a.map((row, r) => [...row].map((value, k) => exactly(value, b[r]![k]!))));
  });

  it.each([
    ['mean', (column: number[]) => column.reduce((sum, value) => Math.fround(sum + value)) / column.length],
    ['max', (column: number[]) => Math.max(...column)],
  ] as const)('runs a %s pool from a zero state', (mode, exactly) => {
    const { run, put, take, room } = bench((e) => emitPool(e, mode, 18));
    const steps = Array.from({ length: 6 }, () => draw(2, 18, 3).map((row) => row.map((value) => value - 5)));
    const state = room(2 * poolState(18));
    const y = room(2 * padded(18));
    steps.forEach((x, t) => {
      run(put(x, 18), state, y, 2);
      take(y, 2, 18).forEach((row, r) =>
        row.forEach((value, k) =>
          expect(value).toBeCloseTo(exactly(steps.slice(0, t + 1).map((step) => step[r]![k]!)), 5),
        ),
      );
    });
  });
});
