import type { PreparedOperator } from './operator.ts';

// Work in slices: the evaluation of a graph stops between two slices where its tick is over, and ends there where its caller
// has left. An operator that has none runs at once, so what it may compute is limited (prepare-operator.ts).

type Work = Pick<PreparedOperator, 'run' | 'slices'>;

/** Elements of a slice: some milliseconds. */
export const sliceElements = 2 ** 18;

/**
 * Divides a loop into slices.
 * @param elements that one item computes, with its products
 * @param run computes the items from … to − 1
 */
export function inSlices(count: number, elements: number, run: (from: number, to: number) => void) {
  const size = Math.max(1, Math.floor(sliceElements / Math.max(1, elements)));
  return {
    run: () => run(0, count),
    ...(count > size && {
      slices: function* (): Generator<void> {
        for (let from = 0; from < count; from += size) {
          run(from, Math.min(count, from + size));
          yield;
        }
      },
    }),
  };
}

/** Runs slices at once. @returns what they return */
export function finish<T>(slices: Generator<void, T>): T {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
}

/** One after the other. */
export function joinWork(parts: readonly Work[]) {
  return {
    run: () => parts.forEach(({ run }) => run?.()),
    ...(parts.some(({ slices }) => slices) && { slices: () => runSlices(parts) }),
  };
}

/** Runs parts, those that have slices slice by slice. */
export function* runSlices(parts: Iterable<Work>): Generator<void> {
  for (const { run, slices } of parts) {
    if (slices) yield* slices();
    else {
      run?.();
      yield;
    }
  }
}

/** Splits a range of items, `count` of them in a row, by rows. @param run first and last: a range within the row */
export function forEachRow(
  from: number,
  to: number,
  count: number,
  run: (row: number, first: number, last: number) => void,
): void {
  for (let at = from; at < to;) {
    const [row, first] = [Math.floor(at / count), at % count];
    const last = Math.min(count, first + to - at);
    run(row, first, last);
    at += last - first;
  }
}
