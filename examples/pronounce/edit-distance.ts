/**
 * The fewest insertions, deletions and replacements that turn one sequence into the other (Levenshtein 1966).
 */
export function editDistance<T>(a: readonly T[], b: readonly T[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  a.forEach((one, i) => {
    const next = [i + 1];
    b.forEach((other, j) => {
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (one === other ? 0 : 1)));
    });
    row = next;
  });
  return row.at(-1)!;
}
