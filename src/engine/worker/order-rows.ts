/**
 * Sorts rows by descending steps, as a tick requires, with few swaps: a row whose place already has its step
 * count stays. Rows without steps come last and are not returned.
 * @param swap exchanges two rows
 * @returns the steps of the rows that run, non-increasing
 */
export function orderRows(steps: readonly number[], swap: (a: number, b: number) => void): number[] {
  const current = [...steps];
  const sorted = steps.toSorted((a, b) => b - a);
  for (let row = 0; row < current.length; row++) {
    const target = sorted[row]!;
    if (current[row] === target) continue;
    const from = current.findIndex(
      (value, other) => other > row && value === target && sorted[other] !== value,
    );
    current[from] = current[row]!;
    current[row] = target;
    swap(row, from);
  }
  return sorted.filter((count) => count > 0);
}
