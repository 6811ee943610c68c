import { describe, expect, it } from 'vitest';
import { padded, panelWidth } from '../../../src/kernel/layout.ts';
import {
  chunkBytes,
  chunkRows,
  emitColumnSums,
  emitOuterProduct,
  emitCopyToChunk,
} from '../../../src/kernel/emit/outer-product.ts';
import { instantiate } from '../../../src/kernel/instantiate.ts';
import { createKernel } from '../../../src/cells/create-kernel.ts';

const kernel = createKernel({ mode: 'auto', memoryMegabytes: 64 });
const place = (length: number): { address: number; values: Float32Array } => {
  const address = kernel.memory.allocate(length * 4);
  return { address, values: new Float32Array(kernel.memory.memory.buffer, address, length) };
};
/** Small whole numbers: their sums of products are exact, in any order. */
const whole = (row: number, column: number): number => ((row * 7 + column * 5) % 11) - 5;

describe.each([
  { inner: 1, columns: 1 },
  { inner: 16, columns: 32 },
  { inner: 19, columns: 37 },
])('an outer product of $inner by $columns', ({ inner, columns }) => {
  let names = { xToChunk: '', dyToChunk: '', outer: '', sums: '' };
  const { module } = kernel.compile((e) => {
    names = {
      xToChunk: emitCopyToChunk(e, inner),
      dyToChunk: emitCopyToChunk(e, columns),
      outer: emitOuterProduct(e, { inner, columns }),
      sums: emitColumnSums(e, columns),
    };
  });
  const functions = instantiate(module, kernel.memory.memory);
  const fill = (width: number) => {
    const block = place(chunkRows * padded(width));
    for (let row = 0; row < chunkRows; row++)
      for (let column = 0; column < width; column++)
        block.values[row * padded(width) + column] = whole(row, column);
    return block;
  };

  it.each([1, 2, 5, chunkRows])('adds the products of %i rows to the existing sums', (rows) => {
    const x = fill(inner);
    const dy = fill(columns);
    const xChunk = place(chunkBytes(inner) / 4);
    const dyChunk = place(chunkBytes(columns) / 4);
    const gradient = place(inner * padded(columns));
    const sums = place(padded(columns));
    gradient.values.fill(3);
    sums.values.fill(3);
    functions[names.xToChunk]!(x.address, xChunk.address, rows);
    functions[names.dyToChunk]!(dy.address, dyChunk.address, rows);
    functions[names.outer]!(xChunk.address, dyChunk.address, gradient.address, rows);
    functions[names.sums]!(dyChunk.address, sums.address, rows);

    for (let column = 0; column < columns; column++) {
      let sum = 3;
      for (let row = 0; row < rows; row++) sum += whole(row, column);
      expect(sums.values[column]).toBe(sum);
      for (let k = 0; k < inner; k++) {
        let product = 3;
        for (let row = 0; row < rows; row++) product += whole(row, k) * whole(row, column);
        const panel = Math.floor(column / panelWidth);
        const at = (panel * inner + k) * panelWidth + (column % panelWidth);
        expect(gradient.values[at], `${k}, ${column}`).toBe(product);
      }
    }
  });
});
