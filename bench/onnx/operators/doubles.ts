import type { GraphCase, GraphDraft } from './draw-graph.ts';

// Graphs that compute in FP64 what float32 cannot: times in seconds, differences of large numbers, large integers.

const [double, float] = [11, 1];
/** A time in seconds: float32 has it to two minutes. */
const epoch = 1_700_000_123.25;
const near = (g: GraphDraft) => (): number => epoch + g.whole(-1000, 1000) / 8;

const doubles = (g: GraphDraft, shape: readonly number[], draw: () => number): string =>
  g.constant(Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, draw), shape);

/** Times as int64, turned to double and to a phase. */
export function timesAsIntegers(g: GraphDraft): GraphCase {
  const times = g.input('int64', [2, 3], () => Math.floor(epoch) + g.whole(-500, 500));
  const seconds = g.op('Sub', [g.op('Cast', [times], { to: double }), doubles(g, [1], () => epoch)]);
  const phase = g.op('Cast', [g.op('Div', [seconds, doubles(g, [], () => 60)])], { to: float });
  return g.finish('FP64 of int64 times', { [g.op('Sin', [phase])]: 'float32', [seconds]: 'float64' });
}

/** Element-wise operators on large doubles, to doubles. */
export function elementwise(g: GraphDraft): GraphCase {
  const operator = g.one(['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max', 'Sum']);
  const a = g.input('float64', [2, 9], near(g));
  const b = g.one([
    () => doubles(g, [9], near(g)),
    () => doubles(g, [2, 1], near(g)),
    () => g.input('float64', [2, 9], near(g)),
  ])();
  return g.finish(`FP64 ${operator}`, { [g.op(operator, [a, b])]: 'float64' });
}

/** Products of doubles that cancel. */
export function products(g: GraphDraft): GraphCase {
  const a = g.input('float64', [3, 4], near(g));
  const w = doubles(g, [4, 2], () => g.whole(-64, 64) / 64);
  const shift = doubles(g, [2], () => g.whole(-9, 9));
  const product = g.chance() ? g.op('Gemm', [a, w, shift]) : g.op('Add', [g.op('MatMul', [a, w]), shift]);
  return g.finish('FP64 products', {
    [product]: 'float64',
    [g.op('Cast', [product], { to: float })]: 'float32',
  });
}

/** Sums and means along an axis. */
export function reductions(g: GraphDraft): GraphCase {
  const operator = g.one(['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin']);
  const a = g.input('float64', [2, 5, 3], near(g));
  return g.finish(`FP64 ${operator}`, { [g.op(operator, [a, g.int64(g.one([0, 1, 2]))])]: 'float64' });
}

/** Moves keep every bit; a float that becomes a double has the float's number, and the other way round. */
export function moves(g: GraphDraft): GraphCase {
  const a = g.input('float64', [2, 3], near(g));
  const b = g.input('float32', [2, 3], () => Math.fround(g.whole(-1000, 1000) / 7));
  const wide = g.op('Cast', [b], { to: double });
  const all = g.op('Concat', [a, g.op('Mul', [wide, doubles(g, [], () => 1e9)])], { axis: 0 });
  const chosen = g.op('Where', [
    g.op('Greater', [all, doubles(g, [], () => 0)]),
    all,
    doubles(g, [1], () => epoch),
  ]);
  return g.finish('FP64 moves', {
    [g.op('Transpose', [chosen], { perm: [1, 0] })]: 'float64',
    [g.op('Cast', [a], { to: float })]: 'float32',
    [g.op('Cast', [a], { to: 7 })]: 'int64',
  });
}

/** Integers in double precision up to 2⁵³, which float32 has not from 2²⁴ on. */
export function largeIntegers(g: GraphDraft): GraphCase {
  const ids = g.input('int64', [6], () => 2 ** 40 + g.whole(-1000, 1000));
  const half = g.op('Mul', [g.op('Cast', [ids], { to: double }), doubles(g, [], () => 0.5)]);
  return g.finish('FP64 of large integers', {
    [half]: 'float64',
    [g.op('Mod', [ids, g.constant(BigInt64Array.of(97n), [])])]: 'int64',
    [g.op('Cast', [g.op('Floor', [half])], { to: 7 })]: 'int64',
  });
}

/** A sequence of doubles: ranges, sums so far, powers and roots. */
export function along(g: GraphDraft): GraphCase {
  const range = g.op('Range', [
    doubles(g, [], () => epoch),
    doubles(g, [], () => epoch + 6),
    doubles(g, [], () => 1),
  ]);
  const a = g.input('float64', [6], near(g));
  return g.finish('FP64 along', {
    [g.op('Sub', [a, range])]: 'float64',
    [g.op('CumSum', [a, g.constant(Int32Array.of(0), [])])]: 'float64',
    [g.op('Sqrt', [a])]: 'float64',
    [g.op('Pow', [a, doubles(g, [], () => 2)])]: 'float64',
    [g.op('Neg', [g.op('Abs', [a])])]: 'float64',
  });
}
