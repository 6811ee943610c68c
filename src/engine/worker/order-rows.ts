/**
 * Brings rows into the order a tick needs, most steps first, with few swaps: only rows that stand among others' places
 * move. Rows without steps come last and are left out.
 * @param swap exchanges two rows
 * @returns the steps of the rows that run, non-increasing
 */
export function orderRows(steps: readonly number[], swap: (a: number, b: number) => void): number[] {
  const now = [...steps];
  const sorted = steps.toSorted((a, b) => b - a);
  for (let row = 0; row < now.length; row++) {
    const belongs = sorted[row]!;
    if (now[row] === belongs) continue;
    const from = now.findIndex((value, other) => other > row && value === belongs && sorted[other] !== value);
    now[from] = now[row]!;
    now[row] = belongs;
    swap(row, from);
  }
  return sorted.filter((count) => count > 0);
}
