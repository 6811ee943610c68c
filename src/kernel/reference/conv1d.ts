/**
 * y_t = b + Σ_j W_j x_{t − behind + j·dilation}, with zeros where there is no step.
 * x [steps][in]  W [units, in, kernel]  b [units] → [steps][units]
 */
export function conv1d(
  x: readonly Float64Array[],
  w: ArrayLike<number>,
  b: ArrayLike<number>,
  { kernel, dilation, behind }: { kernel: number; dilation: number; behind: number },
): Float64Array[] {
  return x.map((row, t) =>
    Float64Array.from({ length: b.length }, (_, unit) => {
      let sum = b[unit]!;
      for (let tap = 0; tap < kernel; tap++) {
        const read = x[t - behind + tap * dilation];
        if (read)
          for (let k = 0; k < row.length; k++) sum += w[(unit * row.length + k) * kernel + tap]! * read[k]!;
      }
      return sum;
    }),
  );
}
