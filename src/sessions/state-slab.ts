// States in memory, side by side in large arrays: a typed array of its own costs more than a small state.

/** Bytes of the largest pages. Pages grow to them: there may be many lengths with few states each. */
const pageBytes = 1 << 18;

export interface StateSlab {
  readonly length: number;
  /** @returns the row of a copy of the state */
  add(state: Float32Array): number;
  /** A copy. */
  read(row: number): Float32Array;
  write(row: number, state: Float32Array): void;
  free(row: number): void;
  /** Of all pages. */
  readonly bytes: number;
}

interface Page {
  /** Its first row. */
  readonly first: number;
  readonly values: Float32Array;
}

/** @param length float32 of a state, at least one */
export function createStateSlab(length: number): StateSlab {
  const maxRows = Math.max(1, Math.floor(pageBytes / (length * 4)));
  const pages: Page[] = [];
  const freeRows: number[] = [];
  let used = 0;
  let capacity = 0;

  function grow(): void {
    const rows = Math.min(maxRows, Math.max(1, capacity));
    pages.push({ first: capacity, values: new Float32Array(rows * length) });
    capacity += rows;
  }
  function view(row: number): Float32Array {
    let low = 0;
    let high = pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (pages[middle]!.first <= row) low = middle;
      else high = middle - 1;
    }
    const { first, values } = pages[low]!;
    return values.subarray((row - first) * length, (row - first + 1) * length);
  }
  const write = (row: number, state: Float32Array): void => {
    if (state.length !== length)
      throw new RangeError(`a state of ${state.length} floats in a slab of ${length}`);
    view(row).set(state);
  };

  return {
    length,
    add(state) {
      const row = freeRows.pop() ?? used++;
      if (row >= capacity) grow();
      write(row, state);
      return row;
    },
    read: (row) => view(row).slice(),
    write,
    free: (row) => void freeRows.push(row),
    get bytes() {
      return capacity * length * 4;
    },
  };
}
