export type MergeMode = 'concat' | 'sum' | 'mul' | 'ave';

/**
 * Joins two sequences step by step. a [T, widthA]  b [T, widthB], of one width unless they are concatenated.
 * @returns [T, widthA + widthB] for concat, else [T, width]
 */
export function merge(
  mode: MergeMode,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  widthA: number,
  widthB: number,
): Float64Array {
  if (mode === 'concat') return concat([a, b], [widthA, widthB]);
  return Float64Array.from(a, (value, k) => {
    const other = b[k]!;
    if (mode === 'mul') return value * other;
    return mode === 'sum' ? value + other : (value + other) / 2;
  });
}

/** Puts the rows of several sequences side by side. parts[i] [T, widths[i]] → [T, Σ widths] */
export function concat(parts: readonly ArrayLike<number>[], widths: readonly number[]): Float64Array {
  const width = widths.reduce((sum, one) => sum + one, 0);
  const steps = parts[0]!.length / widths[0]!;
  const y = new Float64Array(steps * width);
  let column = 0;
  parts.forEach((part, i) => {
    const own = widths[i]!;
    for (let t = 0; t < steps; t++)
      for (let k = 0; k < own; k++) y[t * width + column + k] = part[t * own + k]!;
    column += own;
  });
  return y;
}
