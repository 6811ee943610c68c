import type { FunctionBuilder, I32Local, V128Local } from '../assembler/function-builder.ts';
import { add, eq, fma, lessThan, load, loadSplat, or, sub, type I32Like } from '../assembler/expressions.ts';
import { padded, panelBytes, panelVectors } from '../layout.ts';

// The inner product of float32 rows and weights. x [rows, inner] row-major   w [panels][inner][16]   acc
// [rows][panels·4] vectors in registers Every output is one chain of fused multiply-adds over k = 0, 1, …
// whatever the tile's shape: so its bits do not depend on how many rows or panels share the tile (DESIGN.md,
// invariant 1). Never split k.

export interface Tile {
  readonly rows: number;
  readonly panels: number;
  readonly inner: number;
}

/**
 * acc[r][v] += Σ_k x[r][k] · w[k][v], in order of k. `x` is the first row's address, `w` the first panel's.
 */
export function accumulate(
  f: FunctionBuilder,
  { rows, panels, inner }: Tile,
  x: I32Like,
  w: I32Like,
  acc: readonly (readonly V128Local[])[],
): void {
  const xStride = padded(inner) * 4;
  const unroll = rows === 1 ? 4 : 2;
  const xAt = f.i32(x);
  const wAt = f.i32(w);
  const weights = f.vectors(rows === 1 ? 0 : panels * panelVectors);
  const xk = f.v128();

  const multiplyAdd = (k: number): void => {
    const address = (v: number): number =>
      k * panelBytes + (v % panelVectors) * 16 + Math.floor(v / panelVectors) * inner * panelBytes;
    weights.forEach((weight, v) => f.set(weight, load(wAt, address(v))));
    acc.forEach((row, r) => {
      f.set(xk, loadSplat(xAt, r * xStride + k * 4));
      row.forEach((sum, v) => f.set(sum, fma(weights[v] ?? load(wAt, address(v)), xk, sum)));
    });
  };

  const whole = Math.floor(inner / unroll);
  if (whole > 0) {
    const end = f.i32(add(x, whole * unroll * 4));
    f.doWhile(
      () => {
        for (let k = 0; k < unroll; k++) multiplyAdd(k);
        f.advance(wAt, unroll * panelBytes);
        f.advance(xAt, unroll * 4);
      },
      () => lessThan(xAt, end),
    );
  }
  for (let k = 0; k < inner % unroll; k++) multiplyAdd(k);
}

/**
 * Covers `rows` ≥ 3 rows with blocks of 6, 5, 4 and 3, largest first: six rows by one panel fill 15 of 16
 * registers, and fewer than three would leave the multipliers waiting for the sum before. It affects the
 * speed only, never the bits.
 */
export function forEachRowBlock(
  f: FunctionBuilder,
  rows: I32Local,
  block: (rows: 6 | 5 | 4 | 3) => void,
): void {
  const remaining = f.i32(rows);
  const take = (count: 6 | 5 | 4 | 3): void => {
    block(count);
    f.set(remaining, sub(remaining, count));
  };
  f.doWhile(
    () =>
      f.if(
        or(lessThan(8, remaining), eq(remaining, 6)),
        () => take(6),
        () =>
          f.if(
            eq(remaining, 5),
            () => take(5),
            () =>
              f.if(
                eq(remaining, 3),
                () => take(3),
                () => take(4),
              ),
          ),
      ),
    () => lessThan(0, remaining),
  );
}

/** A group of `panels` whose count is not a multiple of `wide`: the wide ones first, then the rest. */
export function panelGroups(panels: number, wide: number): { width: number; count: number; first: number }[] {
  const groups = [];
  const whole = Math.floor(panels / wide);
  if (whole > 0) groups.push({ width: wide, count: whole, first: 0 });
  if (panels % wide > 0) groups.push({ width: panels % wide, count: 1, first: whole * wide });
  return groups;
}

/** Emits a branch on the number of rows; no path runs for 0. */
export function branchOnRows(
  f: FunctionBuilder,
  rows: I32Local,
  paths: { one: () => void; two: () => void; more: () => void },
): void {
  f.if(rows, () => f.if(eq(rows, 1), paths.one, () => f.if(eq(rows, 2), paths.two, paths.more)));
}
