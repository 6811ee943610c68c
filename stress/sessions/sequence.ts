// Sequences of rows, as a tree: those that begin alike share their beginning, and equal ones are the same object.

export interface Sequence {
  /** Differs from that of every other sequence. */
  readonly id: number;
  readonly before: Sequence | null;
  /** The last row. */
  readonly row: readonly number[];
  /** Rows. */
  readonly length: number;
  readonly next: Map<string, Sequence>;
  /** The model's output for the last row; null until it was asked for. */
  output: readonly number[] | null;
}

let created = 0;

export const createSequence = (): Sequence => ({
  id: created++,
  before: null,
  row: [],
  length: 0,
  next: new Map(),
  output: null,
});

/** The sequence with rows added to it. */
export function append(sequence: Sequence, rows: readonly (readonly number[])[]): Sequence {
  let at = sequence;
  for (const row of rows) {
    const key = row.join();
    let next = at.next.get(key);
    if (!next) {
      next = { ...createSequence(), before: at, row, length: at.length + 1 };
      at.next.set(key, next);
    }
    at = next;
  }
  return at;
}

/** The sequence without its last rows. */
export function withoutLast(sequence: Sequence, rows: number): Sequence {
  let at = sequence;
  for (let i = 0; i < rows; i++) at = at.before!;
  return at;
}

/** From the first row. */
export function listRows(sequence: Sequence): Sequence[] {
  const rows: Sequence[] = [];
  for (let at: Sequence = sequence; at.before; at = at.before) rows.push(at);
  return rows.reverse();
}
