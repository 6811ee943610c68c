import { UnrollError } from '../errors.ts';

// What operators read and write. Shapes are known before anything runs, so a program is prepared once for its input's shape, and a
// run is a list of calls over arrays that are there already.

export type OperandKind = 'float' | 'int' | 'bool';
export type Values = Float32Array | Float64Array;

export interface Operand {
  readonly kind: OperandKind;
  readonly shape: readonly number[];
  /** Row-major. Whole numbers and truth values are in float64, floats in float32 (float64 in the reference). */
  readonly values: Values;
  /** Made of constants and shapes alone: it holds its value before anything runs, and always. */
  readonly known: boolean;
}

/** Numbers of one operand, and of a whole program for one shape of its input: a quarter of a GiB. */
const maxElements = 2 ** 26;

export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);

/** @throws UnrollError invalid_model */
export function invalidOperator(what: string): never {
  throw new UnrollError('invalid_model', what);
}

export interface OperandContext {
  /** float32, or float64 for the reference. */
  readonly floats: typeof Float32Array | typeof Float64Array;
  readonly usage: {
    /** Numbers of all operands. */
    elements: number;
    /** Numbers computed in this run, and by all that ran when it was prepared. */
    work: number;
  };
}

/** Numbers that one run may compute: a loop's count comes from a file. Some seconds. */
const maxWork = 2 ** 30;

/** @throws UnrollError invalid_model */
export function countWork({ usage }: OperandContext, numbers: number): void {
  usage.work += numbers;
  if (usage.work > maxWork) invalidOperator(`it computes more than ${maxWork} numbers`);
}

/** A new operand, zeros. @throws UnrollError invalid_model past the limits */
export function createOperand(
  making: OperandContext,
  kind: OperandKind,
  shape: readonly number[],
  known = false,
): Operand {
  const size = elementCount(shape);
  if (shape.some((one) => !Number.isSafeInteger(one) || one < 0) || shape.length > 8)
    invalidOperator(`a tensor of [${shape.join(', ')}]`);
  making.usage.elements += size;
  if (making.usage.elements > maxElements)
    invalidOperator(`its tensors have more than ${maxElements} numbers altogether`);
  return { kind, shape, values: kind === 'float' ? new making.floats(size) : new Float64Array(size), known };
}

/** The same numbers under another shape. */
export const withShape = (x: Operand, shape: readonly number[]): Operand => ({ ...x, shape });

/** An axis as a number from 0. @throws UnrollError invalid_model */
export function normaliseAxis(axis: number, rank: number): number {
  const from0 = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(from0) || from0 < 0 || from0 >= rank)
    invalidOperator(`axis ${axis} of a tensor of ${rank} dimensions`);
  return from0;
}

/** The numbers of an operand that must be known before a run. @throws UnrollError invalid_model */
export function constantValues(x: Operand | undefined, what: string): number[] {
  if (!x) return invalidOperator(`${what} is missing`);
  if (!x.known) throw new NotConstant(what);
  return Array.from(x.values);
}

/** Something that shapes depend on is told only by a run. */
export class NotConstant extends UnrollError {
  constructor(what: string) {
    super('invalid_model', `${what} depends on the numbers that are fed, so shapes do too`);
  }
}

/** Numbers between neighbours along each axis. */
export function computeStrides(shape: readonly number[]): number[] {
  const strides = Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/**
 * Where each number of a result is taken from: `from` is the first one's place, `strides` how far it moves along each axis.
 * @returns indexes [size of shape]
 */
export function stridedIndexes(shape: readonly number[], strides: readonly number[], from = 0): Int32Array {
  const places = new Int32Array(elementCount(shape));
  const at = Array<number>(shape.length).fill(0);
  let place = from;
  for (let i = 0; i < places.length; i++) {
    places[i] = place;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += strides[axis]!;
      if (++at[axis]! < shape[axis]!) break;
      place -= strides[axis]! * shape[axis]!;
      at[axis] = 0;
    }
  }
  return places;
}

/** Made when it is first asked for: shapes are asked for more often than anything is run. */
export function lazy<T>(make: () => T): () => T {
  let made: T | null = null;
  return () => (made ??= make());
}

/** NumPy's broadcasting of two shapes. @throws UnrollError invalid_model */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const one = a[i - rank + a.length] ?? 1;
    const other = b[i - rank + b.length] ?? 1;
    if (one !== other && one !== 1 && other !== 1)
      invalidOperator(`[${a.join(', ')}] and [${b.join(', ')}] do not fit each other`);
    return one === 1 ? other : one;
  });
}

/** Strides that read `shape` as if it were `wide`. */
export function broadcastStrides(shape: readonly number[], wide: readonly number[]): number[] {
  const strides = computeStrides(shape);
  const lead = wide.length - shape.length;
  return wide.map((_, i) => (i < lead || shape[i - lead] === 1 ? 0 : strides[i - lead]!));
}
