/**
 * Merges the two directions of a bidirectional layer at one step. f, b [units] → [units], or [2·units] for
 * concat
 */
export function merge(
  f: Float64Array,
  b: Float64Array,
  mode: 'concat' | 'sum' | 'mul' | 'ave',
): Float64Array {
  if (mode === 'concat') return Float64Array.from([...f, ...b]);
  if (mode === 'mul') return f.map((value, u) => value * b[u]!);
  const scale = mode === 'ave' ? 0.5 : 1;
  return f.map((value, u) => scale * (value + b[u]!));
}
