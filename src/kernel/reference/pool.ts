/** A running pool: at step t the last, mean or largest of x[0..t]. x [steps][columns] → the same shape */
export function runningPool(x: readonly Float64Array[], mode: 'last' | 'mean' | 'max'): Float64Array[] {
  if (mode === 'last') return [...x];
  const running = x[0]?.slice() ?? new Float64Array();
  return x.map((row, t) => {
    if (t > 0)
      row.forEach((value, k) => {
        running[k] = mode === 'mean' ? running[k]! + value : Math.max(running[k]!, value);
      });
    return mode === 'mean' ? running.map((sum) => sum / (t + 1)) : running.slice();
  });
}
