import type { FunctionBuilder, I32Local, V128Local } from '../assembler/function-builder.ts';
import {
  add,
  eq,
  fma,
  lessThan,
  load,
  loadSplat,
  or,
  sub,
  type I32,
  type I32Like,
} from '../assembler/expressions.ts';
import { padded, panelBytes, panelVectors } from '../layout.ts';

// The inner product of float32 rows and weights. x [rows, inner] row-major   w [panels][inner][16]   acc
// [rows][vectors] in registers Every output is one chain of fused multiply-adds over k = 0, 1, …
// whatever the tile's shape: so its bits do not depend on how many rows or panels share the tile (DESIGN.md,
// invariant 1). Never split k.

export interface Tile {
  readonly rows: number;
  /** Vectors of four columns: an even number, so that neighbours can be paired into 256-bit operations. */
  readonly vectors: number;
  /** The first of them, counted from the first column of the panel at `w`. */
  readonly first?: number;
  readonly inner: number;
}

/** 256-bit registers that V8 hands out. */
const registers = 15;

/** Vectors of weights that stay in registers beside a tile's sums and one activation; the others are loaded for each row. */
export function keptWeights({ rows, vectors }: Pick<Tile, 'rows' | 'vectors'>): number {
  const pairs = Math.ceil(vectors / 2);
  const free = registers - rows * pairs - 1;
  if (rows === 1) return 0;
  return 2 * (pairs <= free ? pairs : Math.max(0, free - 1));
}

/**
 * acc[r][v] += Σ_k x[r][k] · w[k][v], in order of k. `x` is the first row's address, `w` the first panel's.
 */
export function accumulate(
  f: FunctionBuilder,
  { rows, vectors, first = 0, inner }: Tile,
  x: I32Like,
  w: I32Like,
  acc: readonly (readonly V128Local[])[],
): void {
  const xStride = padded(inner) * 4;
  const unroll = rows === 1 ? 4 : 2;
  const xAt = f.i32(x);
  const wAt = f.i32(w);
  const weights = f.vectors(keptWeights({ rows, vectors }));
  const xk = f.v128();

  const multiplyAdd = (k: number): void => {
    const address = (index: number): number => {
      const v = first + index;
      return k * panelBytes + (v % panelVectors) * 16 + Math.floor(v / panelVectors) * inner * panelBytes;
    };
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

/**
 * Blocks of rows in the order in which they are taken, while their condition on the rows that are left holds, with the most
 * vectors of their tiles: so many that at least eight pairs of sums are in registers, at most twelve.
 */
const blocks: readonly {
  readonly rows: number;
  readonly vectors: number;
  readonly taken: (left: I32) => I32;
}[] = [
  { rows: 6, vectors: 4, taken: (left) => or(lessThan(8, left), eq(left, 6)) },
  { rows: 5, vectors: 4, taken: (left) => eq(left, 5) },
  { rows: 4, vectors: 6, taken: (left) => lessThan(3, left) },
  { rows: 3, vectors: 8, taken: (left) => eq(left, 3) },
  { rows: 2, vectors: 12, taken: (left) => eq(left, 2) },
];

/**
 * Emits tiles that cover `rows` ≥ 2 rows by `vectors` vectors of weights. The weights of a tile serve all blocks of as many
 * rows before the next tile's are read.
 * @param body emits a tile, given its first row
 */
export function forEachBlock(
  f: FunctionBuilder,
  rows: I32Local,
  vectors: number,
  body: (tile: { rows: number; vectors: number; first: number }, row: I32Local) => void,
): void {
  const next = f.i32(0);
  const row = f.i32();
  for (const block of blocks)
    f.if(block.taken(sub(rows, next)), () => {
      const tiles = Math.ceil(vectors / block.vectors);
      const width = 2 * Math.ceil(vectors / tiles / 2);
      for (let first = 0; first < vectors; first += width) {
        f.set(row, next);
        f.doWhile(
          () => {
            body({ rows: block.rows, vectors: Math.min(width, vectors - first), first }, row);
            f.set(row, add(row, block.rows));
          },
          () => block.taken(sub(rows, row)),
        );
      }
      f.set(next, row);
    });
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
