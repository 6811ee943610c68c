/** Numbers that `bestOutputs` gives of each row. */
export const bestWidth = 2;

/** Of each row the index of the largest number, the first of equal ones, and that number. values [rows, width] → [rows, 2] */
export function bestOutputs(values: Float32Array, width: number): Float32Array {
  const rows = values.length / width;
  const best = new Float32Array(rows * bestWidth);
  for (let row = 0; row < rows; row++) {
    const first = row * width;
    let place = first;
    for (let at = first + 1; at < first + width; at++) if (values[at]! > values[place]!) place = at;
    best[row * bestWidth] = place - first;
    best[row * bestWidth + 1] = values[place]!;
  }
  return best;
}
