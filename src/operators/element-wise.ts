import type { OperatorSpec } from './spec.ts';
import {
  broadcastShapes,
  broadcastStrides,
  lazy,
  createOperand,
  stridedIndexes,
  elementCount,
  type Operand,
  type Values,
} from './operand.ts';
import type { OperandKind } from './number-kinds.ts';
import type { OperatorImplementation, PrepareContext } from './operator.ts';
import { required, requireInputs } from './shape.ts';
import { inSlices, joinWork } from './slices.ts';

// Building blocks of element-wise operators. x, a, b, y: any shapes that broadcast to each other

export type UnaryFunction = (x: number) => number;
export type BinaryFunction = (a: number, b: number) => number;

/** An operator y = f(x), element by element. @param f chooses the function by the attributes */
export const unaryOperator =
  (f: (operator: OperatorSpec) => UnaryFunction, kind?: OperandKind): OperatorImplementation =>
  (operator, [x], context) => {
    const from = required(x);
    const y = createOperand(context, kind ?? from.kind, from.shape, from.known);
    const apply = f(operator);
    return { outputs: [y], ...mapValues(from.values, y.values, apply) };
  };

/** A unary operator with a loop of its own, for those used often. */
export const unaryLoop =
  (run: (x: Values, y: Values) => void): OperatorImplementation =>
  (operator, [x], context) => {
    const from = required(x);
    const y = createOperand(context, from.kind, from.shape, from.known);
    const [x0, y0] = [from.values, y.values];
    const runAll = from.kind === 'float' ? context.elementwise?.(operator) : null;
    return {
      outputs: [y],
      ...(runAll && { joint: { operands: [x0, y0], runAll } }),
      ...inSlices(y0.length, 1, (start, end) =>
        end - start === y0.length ? run(x0, y0) : run(x0.subarray(start, end), y0.subarray(start, end)),
      ),
    };
  };

/** y ← f(x), element by element. */
export const mapValues = (x: Values, y: Values, f: UnaryFunction) =>
  inSlices(y.length, 1, (from, to) => {
    for (let i = from; i < to; i++) y[i] = f(x[i]!);
  });

/**
 * An operand broadcast to the result's shape: its own values, or a copy refreshed before each run unless
 * constant.
 */
function broadcastOperand(
  x: Operand,
  shape: readonly number[],
  context: PrepareContext,
): { values: Values; refresh: ReturnType<typeof inSlices> | null } {
  if (x.values.length === elementCount(shape)) return { values: x.values, refresh: null };
  const { values } = createOperand(context, x.kind, shape);
  const table = lazy(() => stridedIndexes(shape, broadcastStrides(x.shape, shape)));
  const from = x.values;
  const refresh = inSlices(values.length, 1, (start, end) => {
    if (from.length === 1) return void values.fill(from[0]!, start, end);
    const indexes = table();
    for (let i = start; i < end; i++) values[i] = from[indexes[i]!]!;
  });
  if (!x.known) return { values, refresh };
  refresh.run();
  return { values, refresh: null };
}

/** y = f(a, b), with b repeated from its start: a vector for every row, or as long as a. */
type BinaryLoop = (a: Values, b: Values, y: Values) => void;

/** Loops over float32 of the most common operations: calling a function for each element takes several times as long. */
const binaryLoops: Readonly<Record<string, BinaryLoop>> = {
  Add(a, b, y) {
    for (let i = 0; i < y.length;) for (let k = 0; k < b.length; k++, i++) y[i] = a[i]! + b[k]!;
  },
  Sub(a, b, y) {
    for (let i = 0; i < y.length;) for (let k = 0; k < b.length; k++, i++) y[i] = a[i]! - b[k]!;
  },
  Mul(a, b, y) {
    for (let i = 0; i < y.length;) for (let k = 0; k < b.length; k++, i++) y[i] = a[i]! * b[k]!;
  },
};
/** Shorter vectors are copied out: the inner loop would be too short. */
const minRepeatedLength = 8;

/** Whether the last axes of `shape` are those of x, so that x repeats from its start. */
function repeatsAlongShape(x: Operand, shape: readonly number[]): boolean {
  const own = x.shape.slice(x.shape.findIndex((size) => size !== 1));
  return (
    x.values.length >= minRepeatedLength &&
    own.every((size, i) => size === shape[shape.length - own.length + i])
  );
}

/** Prepares y = f(a, b), element by element. @param loop a loop of its own, where there is one */
function prepareBinary(
  a: Operand,
  b: Operand,
  y: Operand,
  f: BinaryFunction,
  context: PrepareContext,
  loop?: BinaryLoop,
) {
  const left = broadcastOperand(a, y.shape, context);
  const right = repeatsAlongShape(b, y.shape)
    ? { values: b.values, refresh: null }
    : broadcastOperand(b, y.shape, context);
  const [x, z, out] = [left.values, right.values, y.values];
  const run: BinaryLoop =
    loop ??
    ((own, other, to): void => {
      for (let i = 0; i < to.length;)
        for (let k = 0; k < other.length; k++, i++) to[i] = f(own[i]!, other[k]!);
    });
  const whole = out.length === z.length;
  // rows as long as b, or elements where b is as long as a
  const combine = inSlices(whole ? out.length : out.length / z.length, whole ? 1 : z.length, (from, to) => {
    const size = whole ? 1 : z.length;
    const [start, end] = [from * size, to * size];
    if (end - start === out.length) run(x, z, out);
    else run(x.subarray(start, end), whole ? z.subarray(start, end) : z, out.subarray(start, end));
  });
  const refreshes = [left.refresh, right.refresh].filter((one) => one !== null);
  return refreshes.length === 0 ? combine : joinWork([...refreshes, combine]);
}

const variadic = new Set(['Sum', 'Min', 'Max', 'Mean']);

/** An operator of two inputs, or of any number where it is variadic: combined from the left. */
export const binaryOperator =
  (f: (kind: OperandKind) => BinaryFunction, kind?: OperandKind): OperatorImplementation =>
  ({ operator }, inputs, context) => {
    const [first, ...rest] = requireInputs(inputs, variadic.has(operator) ? 1 : 2);
    if (rest.length === 0) return { outputs: [first!], run: null };
    const runs: ReturnType<typeof joinWork>[] = [];
    const last = rest.reduce((a, b) => {
      const y = createOperand(context, kind ?? a.kind, broadcastShapes(a.shape, b.shape), a.known && b.known);
      const loop = y.values instanceof Float32Array ? binaryLoops[operator] : undefined;
      runs.push(prepareBinary(a, b, y, f(a.kind), context, loop));
      return y;
    }, first!);
    return { outputs: [last], ...(runs.length === 1 ? runs[0]! : joinWork(runs)) };
  };
