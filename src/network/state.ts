import { padded } from '../kernel/layout.ts';

// The states of a runner's slots: for every stateful layer a block of rows [maxRows, stride] in the worker's
// arena.

export interface StateBlock {
  /** What the layer calls it: `h`, `c`, `history` … */
  readonly name: string;
  /** Byte address of row 0. */
  readonly address: number;
  /** float32 of a row in memory. */
  readonly stride: number;
  /** The float32 of a row that are state rather than padding, as [from, to) runs. */
  readonly parts: readonly (readonly [from: number, to: number])[];
  /** False where a network reads whole sequences: such a state is reset before every tick. */
  readonly kept: boolean;
  /** Byte address of the row that a sequence starts from, null for zeros. */
  readonly first: number | null;
}

export const unitsBlock = (
  name: string,
  address: number,
  units: number,
  { kept, first }: Pick<StateBlock, 'kept' | 'first'>,
): StateBlock => ({
  name,
  address,
  stride: padded(units),
  parts: [[0, units]],
  kept,
  first,
});

/** The rows of all blocks; a saved state is their parts, one after the other. */
/** A part of a saved state. */
export interface StatePart {
  /** The node that keeps it. */
  readonly node: number;
  readonly name: string;
  readonly floats: number;
}

const countFloats = ({ parts }: StateBlock): number => parts.reduce((sum, [from, to]) => sum + to - from, 0);

/** The parts of a saved state, in order. */
export const listStateParts = (
  blocks: readonly (StateBlock & Pick<StatePart, 'node'>)[],
): readonly StatePart[] =>
  blocks
    .filter(({ kept }) => kept)
    .map((block) => ({ node: block.node, name: block.name, floats: countFloats(block) }));

export function createStateRows(blocks: readonly StateBlock[], maxRows: number, floats: () => Float32Array) {
  const kept = blocks.filter((block) => block.kept);
  const length = kept.reduce((sum, block) => sum + countFloats(block), 0);
  let rows = 0;
  const start = (block: StateBlock, row: number): number => block.address / 4 + row * block.stride;
  const clear = (block: StateBlock, from: number, to: number): void =>
    void floats().fill(0, start(block, from), start(block, to));
  /** Resets rows to the initial state. */
  const begin = (block: StateBlock, from: number, to: number): void => {
    clear(block, from, to);
    if (block.first === null) return;
    const first = block.first / 4;
    for (let row = from; row < to; row++) floats().copyWithin(start(block, row), first, first + block.stride);
  };

  const load = (row: number, saved: Float32Array): void => {
    if (saved.length !== length)
      throw new RangeError(`a state of ${saved.length} floats, this network has ${length}`);
    let at = 0;
    for (const block of kept) {
      clear(block, row, row + 1);
      for (const [from, to] of block.parts) {
        floats().set(saved.subarray(at, at + to - from), start(block, row) + from);
        at += to - from;
      }
    }
  };
  const save = (row: number): Float32Array => {
    const saved = new Float32Array(length);
    let at = 0;
    for (const block of kept)
      for (const [from, to] of block.parts) {
        saved.set(floats().subarray(start(block, row) + from, start(block, row) + to), at);
        at += to - from;
      }
    return saved;
  };

  return {
    length,
    get rows() {
      return rows;
    },
    load,
    save,
    join(initial?: Float32Array): number {
      const row = rows;
      if (row >= maxRows) throw new RangeError(`all ${row} rows are occupied`);
      for (const block of kept) begin(block, row, row + 1);
      if (initial) load(row, initial);
      rows++;
      return row;
    },
    leave(row: number): void {
      rows--;
      if (row !== rows)
        for (const block of kept)
          floats().copyWithin(start(block, row), start(block, rows), start(block, rows + 1));
    },
    swap(a: number, b: number): void {
      for (const block of kept) {
        const values = floats();
        const saved = values.slice(start(block, a), start(block, a + 1));
        values.copyWithin(start(block, a), start(block, b), start(block, b + 1));
        values.set(saved, start(block, b));
      }
    },
    /** Resets the states that last one tick. */
    beginWhole(): void {
      for (const block of blocks) if (!block.kept) begin(block, 0, maxRows);
    },
  };
}
