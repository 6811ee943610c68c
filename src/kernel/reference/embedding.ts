/** Looks up the rows of a table by id. weight [vocabulary, units]  ids [steps] → [steps][units] */
export function embedding(weight: ArrayLike<number>, ids: readonly number[], units: number): Float64Array[] {
  return ids.map((id) => Float64Array.from({ length: units }, (_, unit) => weight[id * units + unit]!));
}
