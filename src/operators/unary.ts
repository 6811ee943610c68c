import type { OperatorSpec } from './spec.ts';
import {
  broadcast,
  broadcastStrides,
  later,
  operandOf,
  placesOf,
  sizeOf,
  type Kind,
  type Operand,
  type Values,
} from './operand.ts';
import type { OperatorKind, Preparing } from './operator.ts';
import { outer } from './shape.ts';

// What operators are made of that look at one place of each input. x, a, b, y: any shapes that fit each other

export type Unary = (x: number) => number;
export type Binary = (a: number, b: number) => number;

/** y = f(x), place by place. */
export const unary =
  (f: (operator: OperatorSpec) => Unary, kind?: Kind): OperatorKind =>
  (operator, [x], preparing) => {
    const from = outer(x);
    const y = operandOf(preparing, kind ?? from.kind, from.shape, from.known);
    const of = f(operator);
    return { outputs: [y], run: () => each(from.values, y.values, of) };
  };

/** The same with a loop of its own, for what is called often. */
export const loops =
  (run: (x: Values, y: Values) => void): OperatorKind =>
  (_, [x], preparing) => {
    const from = outer(x);
    const y = operandOf(preparing, from.kind, from.shape, from.known);
    return { outputs: [y], run: () => run(from.values, y.values) };
  };

export function each(x: Values, y: Values, f: Unary): void {
  for (let i = 0; i < y.length; i++) y[i] = f(x[i]!);
}

/** An operand as wide as the result: its own numbers, or a copy that is made anew before each run unless it is known. */
function widened(
  x: Operand,
  shape: readonly number[],
  preparing: Preparing,
): { values: Values; refresh: (() => void) | null } {
  if (x.values.length === sizeOf(shape)) return { values: x.values, refresh: null };
  const { values } = operandOf(preparing, x.kind, shape);
  const table = later(() => placesOf(shape, broadcastStrides(x.shape, shape)));
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
type Pairs = (a: Values, b: Values, y: Values) => void;

/** The commonest operations, a loop each: one that calls a function a number takes several times as long. */
const pairs: Readonly<Record<string, Pairs>> = {
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
function repeats(x: Operand, shape: readonly number[]): boolean {
  const own = x.shape.slice(x.shape.findIndex((size) => size !== 1));
  return (
    x.values.length >= shortVector && own.every((size, i) => size === shape[shape.length - own.length + i])
  );
}

/** y = f(a, b), place by place. */
function binaryRun(
  a: Operand,
  b: Operand,
  y: Operand,
  f: Binary,
  preparing: Preparing,
  own?: Pairs,
): () => void {
  const one = widened(a, y.shape, preparing);
  const other = repeats(b, y.shape) ? { values: b.values, refresh: null } : widened(b, y.shape, preparing);
  const [x, z, out] = [one.values, other.values, y.values];
  const run: Pairs =
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
export const together =
  (f: (kind: Kind) => Binary, kind?: Kind): OperatorKind =>
  ({ operator }, inputs, preparing) => {
    const [first, ...rest] = inputs.map(outer);
    if (rest.length === 0) return { outputs: [first!], run: null };
    const runs: (() => void)[] = [];
    const last = rest.reduce((a, b) => {
      const y = operandOf(preparing, kind ?? a.kind, broadcast(a.shape, b.shape), a.known && b.known);
      runs.push(binaryRun(a, b, y, f(a.kind), preparing, pairs[operator]));
      return y;
    }, first!);
    return { outputs: [last], run: () => runs.forEach((run) => run()) };
  };
