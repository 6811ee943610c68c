import type { Parameter } from './layer.ts';

// The gradient of a table with a row an id is zero except in the rows of a batch's ids: only these are cleared,
// summed and clipped.

type Gradient = Pick<Parameter, 'gradient' | 'touched'>;

/** Calls `visit` for the ranges of values whose gradient may not be zero: all of them unless rows are marked. */
export function forEachTouched(
  { gradient, touched }: Gradient,
  visit: (from: number, to: number) => void,
): void {
  if (!touched) {
    visit(0, gradient.length);
    return;
  }
  const width = gradient.length / touched.length;
  for (let row = touched.indexOf(1); row >= 0; row = touched.indexOf(1, row)) {
    const first = row;
    while (touched[row] === 1) row++;
    visit(first * width, row * width);
  }
}

/** gradient ← 0 */
export function clearGradient(parameter: Gradient): void {
  forEachTouched(parameter, (from, to) => parameter.gradient.fill(0, from, to));
  parameter.touched?.fill(0);
}

/** sum ← sum + part */
export function addGradient(sum: Gradient, part: Gradient): void {
  const [to, from] = [sum.gradient, part.gradient];
  const width = sum.touched ? to.length / sum.touched.length : 0;
  forEachTouched(part, (first, end) => {
    for (let i = first; i < end; i++) to[i] = to[i]! + from[i]!;
    sum.touched?.fill(1, first / width, end / width);
  });
}
