export type PoolMode = 'last' | 'mean' | 'max';

/** What a running pool has seen: `value` is the sum, or the largest, of `count` steps. value [width] */
export interface PoolState {
  value: Float64Array;
  count: number;
}

export const newPoolState = (width: number): PoolState => ({ value: new Float64Array(width), count: 0 });

/**
 * A running pool over time: row t of y is the last, the mean or the largest of rows 0..t of x, and of the steps before
 * them that `state` holds. x [T, width]
 * @returns y [T, width] and the state after the last step
 */
export function pool(
  mode: PoolMode,
  x: ArrayLike<number>,
  { value, count }: PoolState,
): { y: Float64Array; state: PoolState } {
  const width = value.length;
  const y = new Float64Array(x.length);
  const kept = Float64Array.from(value);
  let seen = count;
  for (let start = 0; start < x.length; start += width) {
    for (let k = 0; k < width; k++) {
      const next = x[start + k]!;
      if (mode === 'mean') kept[k] = kept[k]! + next;
      else if (mode === 'max' && seen > 0) kept[k] = Math.max(kept[k]!, next);
      else kept[k] = next;
      y[start + k] = mode === 'mean' ? kept[k]! / (seen + 1) : kept[k]!;
    }
    seen++;
  }
  return { y, state: { value: kept, count: seen } };
}
