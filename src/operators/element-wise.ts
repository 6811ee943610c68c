import type { OperatorSpec } from './spec.ts';
import {
  broadcastShapes,
  broadcastStrides,
  lazy,
  createOperand,
  stridedIndexes,
  elementCount,
  type OperandKind,
  type Operand,
  type Values,
} from './operand.ts';
import type { OperatorImplementation, PrepareContext } from './operator.ts';
import { required } from './shape.ts';

// What operators are made of that look at one place of each input. x, a, b, y: any shapes that fit each other

export type UnaryFunction = (x: number) => number;
export type BinaryFunction = (a: number, b: number) => number;

/** y = f(x), place by place. */
export const unaryOperator =
  (f: (operator: OperatorSpec) => UnaryFunction, kind?: OperandKind): OperatorImplementation =>
  (operator, [x], preparing) => {
    const from = required(x);
    const y = createOperand(preparing, kind ?? from.kind, from.shape, from.known);
    const of = f(operator);
    return { outputs: [y], run: () => mapValues(from.values, y.values, of) };
  };

/** The same with a loop of its own, for what is called often. */
export const unaryLoop =
  (run: (x: Values, y: Values) => void): OperatorImplementation =>
  (_, [x], preparing) => {
    const from = required(x);
    const y = createOperand(preparing, from.kind, from.shape, from.known);
    return { outputs: [y], run: () => run(from.values, y.values) };
  };

export function mapValues(x: Values, y: Values, f: UnaryFunction): void {
  for (let i = 0; i < y.length; i++) y[i] = f(x[i]!);
}

/** An operand as wide as the result: its own numbers, or a copy that is made anew before each run unless it is known. */
function broadcastOperand(
  x: Operand,
  shape: readonly number[],
  preparing: PrepareContext,
): { values: Values; refresh: (() => void) | null } {
  if (x.values.length === elementCount(shape)) return { values: x.values, refresh: null };
  const { values } = createOperand(preparing, x.kind, shape);
  const table = lazy(() => stridedIndexes(shape, broadcastStrides(x.shape, shape)));
  const from = x.values;
  const refresh = (): void => {
    if (from.length === 1) return void values.fill(from[0]!);
    const places = table();
    for (let i = 0; i < values.length; i++) values[i] = from[places[i]!]!;
  };
  if (!x.known) return { values, refresh };
  refresh();
  return { values, refresh: null };
}

/** y = f(a, b), b over again from its start wherever it ends: a vector beside rows, or as long as both. */
type BinaryLoop = (a: Values, b: Values, y: Values) => void;

/** The commonest operations, a loop each: one that calls a function a number takes several times as long. */
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
/** Shorter vectors are spread: a loop within a loop would mostly begin. */
const shortVector = 8;

/** Whether the last axes of `shape` are those of x, which then repeats from its start. */
function repeatsAlongShape(x: Operand, shape: readonly number[]): boolean {
  const own = x.shape.slice(x.shape.findIndex((size) => size !== 1));
  return (
    x.values.length >= shortVector && own.every((size, i) => size === shape[shape.length - own.length + i])
  );
}

/** y = f(a, b), place by place. */
function prepareBinary(
  a: Operand,
  b: Operand,
  y: Operand,
  f: BinaryFunction,
  preparing: PrepareContext,
  own?: BinaryLoop,
): () => void {
  const one = broadcastOperand(a, y.shape, preparing);
  const other = repeatsAlongShape(b, y.shape)
    ? { values: b.values, refresh: null }
    : broadcastOperand(b, y.shape, preparing);
  const [x, z, out] = [one.values, other.values, y.values];
  const run: BinaryLoop =
    own ??
    ((): void => {
      for (let i = 0; i < out.length;) for (let k = 0; k < z.length; k++, i++) out[i] = f(x[i]!, z[k]!);
    });
  return () => {
    one.refresh?.();
    other.refresh?.();
    run(x, z, out);
  };
}

/** Any number of inputs, taken together from the left. */
export const binaryOperator =
  (f: (kind: OperandKind) => BinaryFunction, kind?: OperandKind): OperatorImplementation =>
  ({ operator }, inputs, preparing) => {
    const [first, ...rest] = inputs.map(required);
    if (rest.length === 0) return { outputs: [first!], run: null };
    const runs: (() => void)[] = [];
    const last = rest.reduce((a, b) => {
      const y = createOperand(
        preparing,
        kind ?? a.kind,
        broadcastShapes(a.shape, b.shape),
        a.known && b.known,
      );
      runs.push(prepareBinary(a, b, y, f(a.kind), preparing, binaryLoops[operator]));
      return y;
    }, first!);
    return { outputs: [last], run: () => runs.forEach((run) => run()) };
  };
