import { add, fma, load, loadSplat, lessThan, mul, sub } from '../../src/kernel/assembler/expressions.ts';
import type { FunctionBuilder, I32Local, V128Local } from '../../src/kernel/assembler/function-builder.ts';
import { clearVectorRegisters } from '../../src/kernel/compile.ts';
import { activate, type Activation } from '../../src/kernel/emit/activations.ts';
import {
  panelBytes,
  panelVectors,
  panelWidth,
  panelsFor,
  type Emitter,
} from '../../src/kernel/emit/emitter.ts';
import { coverRows } from '../../src/kernel/emit/tile.ts';
import { instantiate } from '../../src/kernel/instantiate.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Matrix } from './matrix.ts';

// The one product that training needs, C += A·B, for sizes known only when it runs. x·Wᵀ, dY·W and dYᵀ·x all take
// this form once an operand is transposed or packed.

/** A right-hand side laid out as the product reads it: [panels][inner][16]. */
export interface Packed {
  readonly at: number;
  readonly inner: number;
  readonly columns: number;
}

export interface Products {
  /** Rows 0 … inner − 1 of `from`, into space for as many. */
  pack(from: Matrix, inner?: number): Packed;
  /** C [rows, n] += A [rows, k] · B [k, n], from the given rows of A and C on. */
  multiplyAdd(a: Matrix, b: Packed, c: Matrix, rows: number, aRow?: number, cRow?: number): void;
  /** `columns` numbers in each of `rows` rows from a column on, in place; all three are multiples of 16. */
  activate(name: 'sigmoid' | 'tanh', at: number, numbers: number): void;
}

/** A panel's block of this many steps of k stays in the first-level cache. */
const blockInner = 256;

export function createProducts(kernel: Kernel): Products {
  const module = kernel.compile((e) => {
    emitProduct(e);
    emitPack(e);
    emitActivation(e, 'sigmoid');
    emitActivation(e, 'tanh');
  });
  const functions = instantiate(module, kernel.memory.memory);
  const spaces = new Map<Matrix, number>();
  return {
    pack(from, inner = from.rows) {
      const panels = panelsFor(from.columns);
      if (!spaces.has(from)) spaces.set(from, kernel.memory.allocate(panels * from.rows * panelBytes));
      const at = spaces.get(from)!;
      functions.pack!(from.at, from.stride * 4, at, inner, panels);
      clearVectorRegisters();
      return { at, inner, columns: from.columns };
    },
    multiplyAdd(a, b, c, rows, aRow = 0, cRow = 0) {
      const aAt = a.at + aRow * a.stride * 4;
      const cAt = c.at + cRow * c.stride * 4;
      const panels = panelsFor(b.columns);
      for (let k = 0; k < b.inner; k += blockInner)
        functions.product!(
          aAt + k * 4,
          a.stride * 4,
          b.at + k * panelBytes,
          b.inner * panelBytes,
          cAt,
          c.stride * 4,
          rows,
          Math.min(blockInner, b.inner - k),
          panels,
        );
      clearVectorRegisters();
    },
    activate(name, at, numbers) {
      functions[name]!(at, numbers / panelWidth);
      clearVectorRegisters();
    },
  };
}

function emitProduct(e: Emitter): void {
  const names = ['a', 'aStride', 'b', 'bStride', 'c', 'cStride', 'rows', 'inner', 'panels'] as const;
  e.module.function('product', [...names], (f, p) => {
    const { a, aStride, b, bStride, c, cStride, rows, inner, panels } = p as Record<
      (typeof names)[number],
      I32Local
    >;
    const aAt = f.i32();
    const cAt = f.i32();
    const block = (count: number): void => {
      tile(f, count, { aAt, aStride, b, cAt, cStride, inner });
      f.advance(aAt, mul(aStride, count));
      f.advance(cAt, mul(cStride, count));
    };
    f.repeat(panels, () => {
      f.set(aAt, a);
      f.set(cAt, c);
      f.if(
        lessThan(2, rows),
        () => coverRows(f, rows, block),
        () => f.repeat(f.i32(rows), () => block(1)),
      );
      f.advance(b, bStride);
      f.advance(c, panelBytes);
    });
  });
}

/** c [count, 16] += a [count, inner] · b [inner, 16] */
function tile(
  f: FunctionBuilder,
  count: number,
  at: Record<'aAt' | 'aStride' | 'b' | 'cAt' | 'cStride' | 'inner', I32Local>,
): void {
  const rowsOf = (first: I32Local, stride: I32Local): I32Local[] => {
    const starts = [f.i32(first)];
    while (starts.length < count) starts.push(f.i32(add(starts.at(-1)!, stride)));
    return starts;
  };
  const aRows = rowsOf(at.aAt, at.aStride);
  const cRows = rowsOf(at.cAt, at.cStride);
  const acc: V128Local[][] = cRows.map((row) =>
    Array.from({ length: panelVectors }, (_, v) => f.v128(load(row, v * 16))),
  );
  const b = f.i32(at.b);
  const k = f.i32(0);
  const left = f.i32(at.inner);
  const weights = f.vectors(panelVectors);
  const ak = f.v128();
  const step = (offset: number): void => {
    weights.forEach((weight, v) => f.set(weight, load(b, offset * panelBytes + v * 16)));
    acc.forEach((row, r) => {
      f.set(ak, loadSplat(add(aRows[r]!, k), offset * 4));
      row.forEach((sum, v) => f.set(sum, fma(weights[v]!, ak, sum)));
    });
  };
  const steps = (unroll: number): void => {
    for (let offset = 0; offset < unroll; offset++) step(offset);
    f.advance(b, unroll * panelBytes);
    f.advance(k, unroll * 4);
    f.set(left, sub(left, unroll));
  };
  f.while(
    () => lessThan(3, left),
    () => steps(4),
  );
  f.while(
    () => lessThan(0, left),
    () => steps(1),
  );
  acc.forEach((row, r) => row.forEach((sum, v) => f.store(cRows[r]!, sum, v * 16)));
}

function emitPack(e: Emitter): void {
  e.module.function(
    'pack',
    ['from', 'stride', 'to', 'inner', 'panels'],
    (f, { from, stride, to, inner, panels }) => {
      const row = f.i32();
      f.repeat(panels, () => {
        f.set(row, from);
        f.repeat(f.i32(inner), () => {
          for (let v = 0; v < panelVectors; v++) f.store(to, load(row, v * 16), v * 16);
          f.advance(row, stride);
          f.advance(to, panelBytes);
        });
        f.advance(from, panelBytes);
      });
    },
  );
}

function emitActivation(e: Emitter, name: Activation): void {
  e.module.function(name, ['at', 'panels'], (f, { at, panels }) => {
    const values = f.vectors(panelVectors);
    f.repeat(panels, () => {
      values.forEach((value, v) => f.set(value, load(at, v * 16)));
      activate(f, e, values, name);
      values.forEach((value, v) => f.store(at, value, v * 16));
      f.advance(at, panelBytes);
    });
  });
}
