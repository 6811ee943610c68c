import { UnrollError } from '../errors.ts';
import type { OperandKind } from './number-kinds.ts';

// Operands: the tensors that operators read and write. Shapes are known before a run, so a graph is prepared
// once for its input's shape, and a run is a list of calls over arrays allocated beforehand.

export type Values = Float32Array | Float64Array;

export interface Operand {
  readonly kind: OperandKind;
  readonly shape: readonly number[];
  /** Row-major. Floats are float32 (float64 in the reference), every other kind is float64. */
  readonly values: Values;
  /** Depends on constants and shapes alone: its values are final once the graph is prepared. */
  readonly known: boolean;
}

/** Elements of all operands of a graph for one input shape, those of 64 bits counted twice: 256 MiB. */
const maxElements = 2 ** 26;

/** A graph needs more than the limits allow for the shapes of its inputs, or for the constants of its file. */
export class TooLarge extends UnrollError {
  constructor(detail: string) {
    super('invalid_model', detail);
  }
}

/** The number of elements of a tensor of this shape. */
export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);

/** @throws UnrollError invalid_model, always */
export function invalidOperator(detail: string): never {
  throw new UnrollError('invalid_model', detail);
}

/** What operands are allocated with. */
export interface OperandContext {
  /** float32, or float64 for the reference. */
  readonly floats: typeof Float32Array | typeof Float64Array;
  readonly usage: {
    /** Elements of all operands. */
    elements: number;
    /** Elements computed in this run, those computed while preparing included. */
    work: number;
  };
}

/** Elements that one run may compute, a few seconds: the iterations of a loop come from a file. */
const maxWork = 2 ** 30;

/** @param work of one run, in elements (estimate-work.ts) @throws TooLarge */
function checkWork(work: number): void {
  if (work > maxWork) throw new TooLarge(`a run computes more than ${maxWork} elements`);
}

/** Adds to the work of a run. @throws TooLarge */
export function countWork({ usage }: OperandContext, elements: number): void {
  usage.work += elements;
  checkWork(usage.work);
}

/** Allocates an operand of zeros. @throws UnrollError invalid_model for an invalid shape; TooLarge */
export function createOperand(
  context: OperandContext,
  kind: OperandKind,
  shape: readonly number[],
  known = false,
): Operand {
  const size = elementCount(shape);
  if (shape.some((axis) => !Number.isSafeInteger(axis) || axis < 0) || shape.length > 8)
    invalidOperator(`[${shape.join(', ')}] is not a valid shape`);
  context.usage.elements += kind === 'float' ? size : 2 * size;
  if (context.usage.elements > maxElements)
    throw new TooLarge(`its tensors have more than ${maxElements} elements of 32 bits in total`);
  return { kind, shape, values: kind === 'float' ? new context.floats(size) : new Float64Array(size), known };
}

/** The same values under another shape. */
export const withShape = (x: Operand, shape: readonly number[]): Operand => ({ ...x, shape });

/**
 * Converts a possibly negative axis to one from 0.
 * @throws UnrollError invalid_model where it is out of range
 */
export function normaliseAxis(axis: number, rank: number): number {
  const from0 = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(from0) || from0 < 0 || from0 >= rank)
    invalidOperator(`axis ${axis} is out of range for ${rank} dimensions`);
  return from0;
}

/**
 * The values of an operand that must be constant.
 * @throws UnrollError invalid_model; NotConstant where a run computes it
 */
export function constantValues(x: Operand | undefined, label: string): number[] {
  if (!x) return invalidOperator(`${label} is missing`);
  if (!x.known) throw new NotConstant(label);
  return Array.from(x.values);
}

/** A shape depends on values that only a run computes. */
export class NotConstant extends UnrollError {
  constructor(label: string) {
    super('invalid_model', `${label} depends on the input's values, so shapes would too`);
  }
}

/** Row-major strides of a shape, in elements. */
export function computeStrides(shape: readonly number[]): number[] {
  const strides = Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/**
 * The source index of each element of a strided view.
 * @param from index of the first element
 * @param strides elements between neighbours along each axis of `shape`
 * @returns indexes [elements of shape]
 */
export function stridedIndexes(shape: readonly number[], strides: readonly number[], from = 0): Int32Array {
  const indexes = new Int32Array(elementCount(shape));
  const position = Array<number>(shape.length).fill(0);
  const [length, stride] = [shape.at(-1) ?? 1, strides.at(-1) ?? 0];
  let index = from;
  for (let i = 0; i < indexes.length;) {
    for (let k = 0; k < length; k++) indexes[i++] = index + k * stride;
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      index += strides[axis]!;
      if (++position[axis]! < shape[axis]!) break;
      index -= strides[axis]! * shape[axis]!;
      position[axis] = 0;
    }
  }
  return indexes;
}

/** Computes a value at its first use: graphs are prepared more often than they are run. */
export function lazy<T>(compute: () => T): () => T {
  let value: T | null = null;
  return () => (value ??= compute());
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

/** Strides that read a tensor of `shape` as if it were broadcast to `wide`. */
export function broadcastStrides(shape: readonly number[], wide: readonly number[]): number[] {
  const strides = computeStrides(shape);
  const added = wide.length - shape.length;
  return wide.map((_, i) => (i < added || shape[i - added] === 1 ? 0 : strides[i - added]!));
}
