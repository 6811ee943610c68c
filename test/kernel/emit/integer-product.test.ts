import { describe, expect, it } from 'vitest';
import { createKernel } from '../../../src/cells/create-kernel.ts';
import type { KernelMode } from '../../../src/kernel/compile.ts';
import type { ByteProducts } from '../../../src/kernel/emit/byte-products.ts';
import { emitLinear, linearScratch } from '../../../src/kernel/emit/linear.ts';
import { instantiate } from '../../../src/kernel/instantiate.ts';
import { openKernel } from '../../../src/kernel/kernel.ts';
import { padded } from '../../../src/kernel/layout.ts';
import { denseOrder, packVector } from '../../../src/kernel/pack.ts';
import { packedFloats, packProduct } from '../../../src/kernel/pack-product.ts';
import { randomNumbers } from '../../network/random-network.ts';
import { quantisedLinear, type Quantised } from '../../reference/quantised-products.ts';

type Rows = readonly Float32Array[];

/** y = W x + b with quantised weights, as a function of rows of x; what stands past their width is garbage. */
function quantised(
  precision: Quantised,
  w: Rows,
  b: Float32Array,
  { mode = 'auto', byteProducts }: { mode?: KernelMode; byteProducts?: ByteProducts } = {},
) {
  const { memory, share } = createKernel({ mode, memoryMegabytes: 64 });
  const kernel = openKernel({ ...share, ...(byteProducts && { byteProducts }) }, memory);
  const inner = w[0]!.length;
  const shape = { inner, columns: w.length, precision };
  let name = '';
  const { module } = kernel.compile((e) => (name = emitLinear(e, shape)));
  const run = instantiate(module, memory.memory)[name]!;
  const floats = (address: number, length: number): Float32Array =>
    new Float32Array(memory.memory.buffer, address, length);
  const place = (length: number): { address: number; values: Float32Array } => {
    const address = memory.allocate(length * 4);
    return { address, values: floats(address, length) };
  };
  const order = denseOrder(w.length);
  const weights = place(packedFloats(precision, inner, order.length));
  const matrix = Float32Array.from(w.flatMap((row) => [...row]));
  packProduct(matrix, inner, order, precision, weights.values);
  const bias = place(order.length);
  packVector(b, order, bias.values);
  const scratch = place(linearScratch(shape) / 4);
  return (rows: Rows): Float32Array[] => {
    const x = place(rows.length * padded(inner));
    x.values.fill(NaN);
    rows.forEach((row, r) => x.values.set(row, r * padded(inner)));
    const y = place(Math.max(1, rows.length) * padded(w.length));
    scratch.values.fill(NaN);
    run(x.address, weights.address, bias.address, y.address, rows.length, scratch.address);
    const results = rows.map((_, r) => y.values.slice(r * padded(w.length), r * padded(w.length) + w.length));
    memory.free(x.address);
    memory.free(y.address);
    return results;
  };
}

const random = randomNumbers(11);
const draw = (rows: number, width: number, scale = 1): Float32Array[] =>
  Array.from({ length: rows }, () => Float32Array.from({ length: width }, () => random() * scale));
const words = (row: Float32Array): number[] => [...new Uint32Array(row.slice().buffer)];

describe.each(['int8', 'int16'] as const)('a product with %s weights', (precision) => {
  const expected = (w: Rows, x: Float32Array, b: Float32Array): Float64Array =>
    quantisedLinear(
      w.flatMap((row) => [...row]),
      x,
      b,
      precision,
    );

  it.each([1, 3, 17, 257])('sums whole numbers exactly: %i columns, of any inner size', (columns) => {
    for (const inner of [1, 3, 17, 64, 257]) {
      const w = draw(columns, inner);
      const [b] = draw(1, columns);
      const multiply = quantised(precision, w, b!);
      for (const rows of [1, 2, 5, 33]) {
        const x = draw(rows, inner, 10);
        multiply(x).forEach((row, r) => {
          if (r > 2) return;
          // an error of one in a sum is at least 2⁻²⁰ of it here
          expected(w, x[r]!, b!).forEach((value, k) =>
            expect(Math.abs(row[k]! - value)).toBeLessThan(
              2 ** -22 * (Math.abs(value) + Math.abs(b![k]!)) + 1e-12,
            ),
          );
        });
      }
    }
  });

  it('gives a row the same bits in any batch, on both paths', () => {
    const w = draw(37, 50);
    const [b] = draw(1, 37);
    const [auto, plain] = [quantised(precision, w, b!), quantised(precision, w, b!, { mode: 'plain' })];
    const x = draw(140, 50).map((row, r) => row.map((value) => value * 10 ** (r % 7)));
    const alone = x.map((row) => words(auto([row])[0]!));
    for (const rows of [2, 3, 4, 5, 6, 7, 14, 64, 65, 66, 67, 128, 140])
      for (const run of [auto, plain])
        run(x.slice(0, rows)).forEach((row, r) => expect(words(row)).toEqual(alone[r]));
    expect(auto([])).toEqual([]);
  });

  it('keeps sums in 32 bits where all products have one sign', () => {
    const inner = 16_384;
    const w = [new Float32Array(inner).fill(0.5), new Float32Array(inner).fill(-0.5)];
    const x = new Float32Array(inner).fill(3);
    const [y] = quantised(precision, w, Float32Array.of(1, 1))([x]);
    const right = 0.5 * 3 * inner;
    // weights of a long row have fewer levels, here about 128
    expect(Math.abs(y![0]! - 1 - right) / right).toBeLessThan(0.005);
    expect(y![1]! - 1).toBe(-(y![0]! - 1));
    expect([...expected(w, x, Float32Array.of(1, 1))].map(Math.fround)).toEqual([...y!]);
  });

  it('is the bias for rows and weights of zeros, whatever is beside them', () => {
    const w = [new Float32Array(5), Float32Array.of(0, 0, 1e-40, 0, 0), ...draw(1, 5)];
    const b = Float32Array.of(1, 2, 3);
    const multiply = quantised(precision, w, b);
    const [zeros, tiny] = multiply([new Float32Array(5), new Float32Array(5).fill(1e-38)]);
    expect([...zeros!]).toEqual([1, 2, 3]);
    expect([...tiny!]).toEqual([1, 2, 3]);
    expect(multiply(draw(1, 5))[0]![0]).toBe(1);
  });

  it('does not overflow for the largest floats', () => {
    const w = draw(4, 8);
    const b = new Float32Array(4);
    const x = Float32Array.from({ length: 8 }, (_, k) => (k % 2 ? 3e38 : 1e38));
    const [y] = quantised(precision, w, b)([x]);
    expected(w, x, b).forEach((value, k) => {
      const finite = Math.abs(value) < 3.4e38;
      if (finite) expect(Math.abs(y![k]! / value - 1)).toBeLessThan(1e-6);
      else expect(Math.abs(y![k]!)).toBe(Infinity);
    });
  });

  it.each([NaN, Infinity, -Infinity])('is a NaN for a row with %d, and for that row only', (value) => {
    const w = draw(20, 19);
    const b = new Float32Array(20);
    const multiply = quantised(precision, w, b);
    for (const place of [0, 15, 16, 18]) {
      const x = draw(3, 19);
      const [before, , after] = multiply(x);
      x[1]![place] = value;
      const [first, spoilt, last] = multiply(x);
      expect([...spoilt!].every(Number.isNaN)).toBe(true);
      expect(words(first!)).toEqual(words(before!));
      expect(words(last!)).toEqual(words(after!));
    }
  });
});

describe('products of bytes', () => {
  it('are the same bits by the relaxed instruction and by products of int16', () => {
    for (const inner of [1, 7, 64, 257]) {
      // both ends of the range meet: weights and activations at their largest
      const w = [...draw(18, inner), new Float32Array(inner).fill(1), new Float32Array(inner).fill(-1)];
      const [b] = draw(1, w.length);
      const x = [...draw(6, inner), new Float32Array(inner).fill(1), new Float32Array(inner).fill(-1)];
      const results = (['relaxed', 'widened'] as const).flatMap((byteProducts) =>
        (['auto', 'plain'] as const).map((mode) =>
          quantised('int8', w, b!, { mode, byteProducts })(x).map(words),
        ),
      );
      for (const result of results) expect(result).toEqual(results[0]);
    }
  });
});
