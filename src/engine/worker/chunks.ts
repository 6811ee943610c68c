/**
 * How many steps each row takes in one tick. Every row takes at least one; the longest step count that keeps the tick
 * within `budget` (row, step) pairs holds for all rows, so none gets ahead of its neighbours.
 * @param remaining steps that each row could take now, ≥ 1
 * @param longest most steps of one row
 */
export function chunkSteps(remaining: readonly number[], longest: number, budget: number): number[] {
  const cut = (most: number): number[] => remaining.map((steps) => Math.min(steps, most));
  const total = (most: number): number => remaining.reduce((sum, steps) => sum + Math.min(steps, most), 0);
  let low = 1;
  let high = Math.max(1, longest);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (total(middle) <= budget) low = middle;
    else high = middle - 1;
  }
  return cut(low);
}
