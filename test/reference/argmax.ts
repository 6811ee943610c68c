/** Index of the first largest value of each row of x [rows, width]; a NaN is never the largest. */
export function argmax(x: ArrayLike<number>, width: number): Int32Array {
  const indexes = new Int32Array(x.length / width);
  for (let row = 0; row < indexes.length; row++) {
    let largest = -Infinity;
    for (let column = 0; column < width; column++) {
      const value = x[row * width + column]!;
      if (value > largest) {
        largest = value;
        indexes[row] = column;
      }
    }
  }
  return indexes;
}
