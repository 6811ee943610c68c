/**
 * Computes the steps of each row in one tick. Every row runs at least one. All rows have the same limit, the
 * largest that keeps the tick within `budget` (row, step) pairs, so that no row is favoured.
 * @param remaining steps that each row can run now, ≥ 1
 * @param maxChunkSteps maximum steps of one row
 */
export function chunkSteps(remaining: readonly number[], maxChunkSteps: number, budget: number): number[] {
  const limit = (maxSteps: number): number[] => remaining.map((steps) => Math.min(steps, maxSteps));
  const totalSteps = (maxSteps: number): number =>
    remaining.reduce((sum, steps) => sum + Math.min(steps, maxSteps), 0);
  let low = 1;
  let high = Math.max(1, maxChunkSteps);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (totalSteps(middle) <= budget) low = middle;
    else high = middle - 1;
  }
  return limit(low);
}
