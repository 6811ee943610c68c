/**
 * Looks ids up in a table. ids [T]  weight [vocabulary, units]
 * @returns [T, units]
 */
export function embedding({
  ids,
  weight,
  units,
}: {
  ids: ArrayLike<number>;
  weight: ArrayLike<number>;
  units: number;
}): Float64Array {
  const y = new Float64Array(ids.length * units);
  for (let t = 0; t < ids.length; t++)
    for (let unit = 0; unit < units; unit++) y[t * units + unit] = weight[ids[t]! * units + unit]!;
  return y;
}
