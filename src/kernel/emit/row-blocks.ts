import type { FunctionBuilder, I32Local } from '../assembler/function-builder.ts';
import { add, eq, i32, lessThan, or, sub, type I32 } from '../assembler/expressions.ts';
import { panelVectors } from '../layout.ts';
import type { Tile } from './tile.ts';

// How a product's rows and columns are covered with tiles. A processor with two units for multiply-adds that take four cycles
// is busy from eight independent sums on, so a tile of few rows has more columns. It affects the speed only, never the bits.

interface RowBlock {
  readonly rows: number;
  /** The most vectors of its tiles: eight to twelve pairs of sums are in registers. */
  readonly vectors: number;
  /** Panels of a loop over many panels: whole tiles. */
  readonly panels: number;
  /** Whether it is the next one, by the rows that are left. */
  readonly taken: (left: I32) => I32;
}

/** In the order in which they are taken. */
const blocks: readonly RowBlock[] = [
  { rows: 6, vectors: 4, panels: 1, taken: (left) => or(lessThan(8, left), eq(left, 6)) },
  { rows: 5, vectors: 4, panels: 1, taken: (left) => eq(left, 5) },
  { rows: 4, vectors: 6, panels: 3, taken: (left) => lessThan(3, left) },
  { rows: 3, vectors: 8, panels: 2, taken: (left) => eq(left, 3) },
  { rows: 2, vectors: 12, panels: 3, taken: (left) => eq(left, 2) },
];

/** Panels of a tile of one row: twelve pairs of sums. */
export const rowPanels = 6;

/** Columns of a row from which a tile that ends within a group of units is worth its sums that wait. */
const longRow = 160;

/** Groups of `products` panels that fill tiles of one row together. */
export function groupsOfRow(products: number, inner: number): number {
  if (rowPanels % products === 0) return rowPanels / products;
  let groups = 1;
  while (inner >= longRow && (groups * products) % rowPanels !== 0) groups++;
  return groups;
}

/** Emits a tile, given its first row. */
type Body = (tile: Required<Omit<Tile, 'inner'>>, row: I32Local) => void;

/**
 * Emits tiles that cover `rows` ≥ 2 rows by `panels` panels of weights. The weights of a tile serve all blocks of as many rows
 * before the next tile's are read.
 */
export function forEachTile(f: FunctionBuilder, rows: I32Local, panels: number, body: Body): void {
  forEachBlock(f, rows, (block, next, row) => coverPanels(f, { block, rows, next, row }, panels, body));
}

/** The same for many panels, in a loop over groups of them. @param body is given the first panel of the group too */
export function forEachPanelTile(
  f: FunctionBuilder,
  rows: I32Local,
  panels: number,
  body: (tile: Required<Omit<Tile, 'inner'>>, row: I32Local, panel: I32Local) => void,
): void {
  const panel = f.i32();
  forEachBlock(f, rows, (block, next, row) => {
    f.set(panel, i32(0));
    for (const { width, count } of panelGroups(panels, block.panels))
      f.repeat(f.i32(count), () => {
        coverPanels(f, { block, rows, next, row }, width, (tile, at) => body(tile, at, panel));
        f.advance(panel, width);
      });
  });
}

function forEachBlock(
  f: FunctionBuilder,
  rows: I32Local,
  body: (block: RowBlock, next: I32Local, row: I32Local) => void,
): void {
  const next = f.i32(0);
  const row = f.i32();
  for (const block of blocks)
    f.if(block.taken(sub(rows, next)), () => {
      body(block, next, row);
      f.set(next, row);
    });
}

/** All blocks of as many rows, from the row `next` on; `row` is the one after them in the end. */
function coverPanels(
  f: FunctionBuilder,
  at: { readonly block: RowBlock; readonly rows: I32Local; readonly next: I32Local; readonly row: I32Local },
  panels: number,
  body: Body,
): void {
  const { block, rows, next, row } = at;
  const vectors = panels * panelVectors;
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
}

/** A group of `panels` whose count is not a multiple of `wide`: the wide ones first, then the rest. */
export function panelGroups(panels: number, wide: number): { width: number; count: number; first: number }[] {
  const groups = [];
  const whole = Math.floor(panels / wide);
  if (whole > 0) groups.push({ width: wide, count: whole, first: 0 });
  if (panels % wide > 0) groups.push({ width: panels % wide, count: 1, first: whole * wide });
  return groups;
}
