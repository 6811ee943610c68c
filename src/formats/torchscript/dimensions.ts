import { invalidModel } from '../format-errors.ts';

// Sizes of tensors. A size that is not known is a variable; where two must be equal, they become one, so that
// what the code does with weights of known sizes tells the sizes of the inputs.

export type Dimension = number | Variable;
export type DimensionRole = 'batch' | 'time';

interface Variable {
  size: Dimension | null;
  /** What a recurrent operator or a loop over the steps has shown the axis to be. */
  role: DimensionRole | null;
  /** The sizes that it is made of, by joining, striding or broadcasting axes. */
  readonly from: readonly Dimension[];
  /** Whether it is the sum of these. */
  readonly isSum: boolean;
}

export const unknownSize = (from: readonly Dimension[] = []): Variable => ({
  size: null,
  role: null,
  from,
  isSum: false,
});

/** The size of joined axes. */
export function sumOfSizes(parts: readonly Dimension[]): Dimension {
  const known = parts.map(knownSize);
  if (known.every((one) => one !== null)) return known.reduce((sum, one) => sum + one, 0);
  return { size: null, role: null, from: parts, isSum: true };
}

/** The variable that stands for all that are equal, or the number. */
export function resolve(dimension: Dimension): Dimension {
  let one = dimension;
  while (typeof one === 'object' && one.size !== null) one = one.size;
  return one;
}

/** The size as a number; null where it is not known. */
export function knownSize(dimension: Dimension | undefined): number | null {
  const one = dimension === undefined ? null : resolve(dimension);
  return typeof one === 'number' ? one : null;
}

export const isSame = (a: Dimension, b: Dimension): boolean => resolve(a) === resolve(b);

/** Makes two sizes equal. @throws UnrollError invalid_model where they cannot be */
export function unify(a: Dimension, b: Dimension, what: string): void {
  const [one, other] = [resolve(a), resolve(b)];
  if (one === other) return;
  if (typeof one === 'number' && typeof other === 'number')
    invalidModel(`${what}: sizes of ${one} and ${other}`);
  const [open, given] = typeof one === 'object' ? [one, other] : [other as Variable, one];
  open.size = given;
  if (typeof given === 'number') solveSum(open, given, what);
  else if (open.role) assignRole(given, open.role);
}

/** The size of the only part of a sum that is not known. */
function solveSum({ from, isSum }: Variable, sum: number, what: string): void {
  const open = from.filter((part) => knownSize(part) === null);
  if (!isSum || open.length !== 1) return;
  const rest = from.reduce<number>((total, part) => total - (knownSize(part) ?? 0), sum);
  if (rest < 0) invalidModel(`${what}: joined sizes of more than ${sum}`);
  unify(open[0]!, rest, what);
}

/** Gives a role to an axis, and to the axes that it is made of. */
export function assignRole(dimension: Dimension | undefined, role: DimensionRole): void {
  const one = dimension === undefined ? 0 : resolve(dimension);
  if (typeof one !== 'object' || one.role !== null) return;
  one.role = role;
  for (const part of one.from) assignRole(part, role);
}

/** The size of one axis of a tensor broadcast with another. */
function broadcastSize(a: Dimension, b: Dimension): Dimension {
  const [one, other] = [resolve(a), resolve(b)];
  if (one === other || other === 1) return one;
  if (one === 1) return other;
  if (typeof one === 'number' && typeof other === 'number')
    return invalidModel(`sizes of ${one} and ${other} do not fit each other`);
  if (typeof one === 'number') return one;
  if (typeof other === 'number') return other;
  // either may be 1
  return unknownSize([one, other]);
}

/** The sizes of two tensors broadcast with each other. */
export function broadcastSizes(a: readonly Dimension[], b: readonly Dimension[]): Dimension[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) =>
    broadcastSize(a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1),
  );
}

/** The size −1 of a reshape from `before` to `after`, which has the other sizes. */
export function remainingSize(before: readonly Dimension[], after: readonly Dimension[]): Dimension {
  const left = before.map(resolve);
  let divisor = 1;
  for (const size of after.map(resolve))
    if (typeof size === 'number') divisor *= size;
    else {
      const at = left.indexOf(size);
      if (at < 0) return unknownSize();
      left.splice(at, 1);
    }
  let product = 1;
  const variables: Variable[] = [];
  for (const size of left)
    if (typeof size === 'number') product *= size;
    else variables.push(size);
  if (variables.length === 0) {
    if (product % divisor !== 0) invalidModel(`${product} elements cannot be reshaped by ${divisor}`);
    return product / divisor;
  }
  return variables.length === 1 && product === divisor ? variables[0]! : unknownSize();
}
