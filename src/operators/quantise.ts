import { findKind, findQuantisedRange, roundEven, type OperandKind } from './number-kinds.ts';
import {
  createOperand,
  elementCount,
  invalidOperator,
  lazy,
  normaliseAxis,
  stridedIndexes,
  type Operand,
} from './operand.ts';
import { numberAttribute, type OperatorImplementation } from './operator.ts';
import { required } from './shape.ts';
import type { OperatorSpec } from './spec.ts';

// Numbers quantised to integers: x ≈ (q − zero) · scale. Computed in float32 as onnxruntime does, in the
// reference too: a quotient on the other side of a half would give another integer.

/** Checks scales that are known. @throws UnrollError invalid_model */
export function checkScale(scale: Operand): Operand {
  if (scale.known && !Array.from(scale.values).every((value) => value !== 0 && Number.isFinite(value)))
    invalidOperator('a scale is zero or not finite');
  return scale;
}

/** The range of the integers of a kind. @throws UnrollError invalid_model where nothing is quantised to it */
const requireRange = (kind: OperandKind): readonly [low: number, high: number] =>
  findQuantisedRange(kind) ?? invalidOperator(`numbers cannot be quantised to ${kind}`);

/**
 * The index into scale and zero for each element of a tensor of `shape`: one for all, one for each position
 * along `axis`, or one for each block of `block_size` positions.
 */
function parameterIndexes(
  operator: OperatorSpec,
  shape: readonly number[],
  scale: Operand,
): () => Int32Array {
  const count = scale.values.length;
  const zeros = shape.map(() => 0);
  if (count === 1) return lazy(() => new Int32Array(elementCount(shape)));
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 1), shape.length);
  const block = numberAttribute(operator, 'block_size', 0);
  const size = shape[axis]!;
  if (block === 0) {
    if (scale.shape.length !== 1 || count !== size)
      invalidOperator(`scales of [${scale.shape.join(', ')}] for ${size} positions along axis ${axis}`);
    return lazy(() => stridedIndexes(shape, zeros.with(axis, 1)));
  }
  const wanted = shape.with(axis, Math.ceil(size / block));
  if (scale.shape.join() !== wanted.join())
    invalidOperator(`scales of [${scale.shape.join(', ')}], must be [${wanted.join(', ')}]`);
  const after = elementCount(shape.slice(axis + 1));
  return lazy(() =>
    Int32Array.from({ length: elementCount(shape) }, (_, i) => {
      const outer = Math.floor(i / (size * after));
      const position = Math.floor(i / after) % size;
      return (outer * wanted[axis]! + Math.floor(position / block)) * after + (i % after);
    }),
  );
}

function checkZero(scale: Operand, zero: Operand | undefined): void {
  if (zero && zero.values.length !== scale.values.length)
    invalidOperator(`${zero.values.length} zero points for ${scale.values.length} scales`);
}

/** q = clamp(round(x / scale) + zero) */
export const quantizeLinear: OperatorImplementation = (operator, [x, scale, zero], context) => {
  const [from, by] = [required(x), checkScale(required(scale))];
  checkZero(by, zero);
  const given = numberAttribute(operator, 'output_dtype', 0);
  const kind = zero?.kind ?? (given === 0 ? 'uint8' : (findKind(given) ?? 'float'));
  const [low, high] = requireRange(kind);
  const indexes = parameterIndexes(operator, from.shape, by);
  const y = createOperand(context, kind, from.shape, from.known && by.known && (zero?.known ?? true));
  return {
    outputs: [y],
    run: () => {
      const at = indexes();
      for (let i = 0; i < y.values.length; i++) {
        const quotient = Math.fround(Math.fround(from.values[i]!) / Math.fround(by.values[at[i]!]!));
        const value = roundEven(quotient) + (zero ? zero.values[at[i]!]! : 0);
        // NaN is quantised to the lowest number
        y.values[i] = value > low ? Math.min(high, value) : low;
      }
    },
  };
};

/** x = (q − zero) · scale */
const dequantizeLinear: OperatorImplementation = (operator, [q, scale, zero], context) => {
  const [from, by] = [required(q), checkScale(required(scale))];
  checkZero(by, zero);
  const indexes = parameterIndexes(operator, from.shape, by);
  const y = createOperand(context, 'float', from.shape, from.known && by.known && (zero?.known ?? true));
  return {
    outputs: [y],
    run: () => {
      const at = indexes();
      for (let i = 0; i < y.values.length; i++) {
        const steps = from.values[i]! - (zero ? zero.values[at[i]!]! : 0);
        y.values[i] = Math.fround(Math.fround(steps) * Math.fround(by.values[at[i]!]!));
      }
    },
  };
};

/** Scale and zero that quantise all numbers, and zero exactly, to uint8. */
export function fitScale(x: ArrayLike<number>, count = x.length): { scale: number; zero: number } {
  let [low, high] = [0, 0];
  for (let i = 0; i < count; i++) {
    low = Math.min(low, x[i]!);
    high = Math.max(high, x[i]!);
  }
  [low, high] = [Math.fround(low), Math.fround(high)];
  const scale = low === high ? 1 : Math.fround(Math.fround(high - low) / 255);
  const zero = roundEven(Math.max(0, Math.min(255, -Math.fround(low / scale))));
  return { scale, zero };
}

/** round(x / scale) + zero as uint8 */
export const toUint8 = (x: number, { scale, zero }: ReturnType<typeof fitScale>): number =>
  Math.max(0, Math.min(255, roundEven(Math.fround(Math.fround(x) / scale)) + zero));

const dynamicQuantizeLinear: OperatorImplementation = (_, [x], context) => {
  const from = required(x);
  const y = createOperand(context, 'uint8', from.shape, from.known);
  const scale = createOperand(context, 'float', [], from.known);
  const zero = createOperand(context, 'uint8', [], from.known);
  return {
    outputs: [y, scale, zero],
    run: () => {
      const fit = fitScale(from.values);
      scale.values[0] = fit.scale;
      zero.values[0] = fit.zero;
      for (let i = 0; i < y.values.length; i++) y.values[i] = toUint8(from.values[i]!, fit);
    },
  };
};

export const quantiseOperators: Readonly<Record<string, OperatorImplementation>> = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
};
