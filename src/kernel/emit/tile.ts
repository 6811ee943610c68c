import type { FunctionBuilder, V128Local } from '../assembler/function-builder.ts';
import { add, fma, lessThan, load, loadSplat, type I32Like } from '../assembler/expressions.ts';
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
