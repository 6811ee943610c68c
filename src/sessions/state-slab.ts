// States in memory, side by side in large arrays: a typed array of its own costs more than a small state.

const pageBytes = 1 << 18;

export interface StateSlab {
  /** @returns the row of a copy of the state */
  add(state: Float32Array): number;
  /** A copy. */
  read(row: number): Float32Array;
  write(row: number, state: Float32Array): void;
  free(row: number): void;
  /** Of all pages. */
  readonly bytes: number;
}

/** @param length float32 of a state, at least one */
export function createStateSlab(length: number): StateSlab {
  const rowsPerPage = Math.max(1, Math.floor(pageBytes / (length * 4)));
  const pages: Float32Array[] = [];
  const freeRows: number[] = [];
  let rows = 0;
  const view = (row: number): Float32Array => {
    const start = (row % rowsPerPage) * length;
    return pages[Math.floor(row / rowsPerPage)]!.subarray(start, start + length);
  };
  const write = (row: number, state: Float32Array): void => {
    if (state.length !== length)
      throw new RangeError(`a state of ${state.length} floats in a slab of ${length}`);
    view(row).set(state);
  };
  return {
    add(state) {
      const row = freeRows.pop() ?? rows++;
      if (row >= pages.length * rowsPerPage) pages.push(new Float32Array(rowsPerPage * length));
      write(row, state);
      return row;
    },
    read: (row) => view(row).slice(),
    write,
    free: (row) => void freeRows.push(row),
    get bytes() {
      return pages.length * rowsPerPage * length * 4;
    },
  };
}
