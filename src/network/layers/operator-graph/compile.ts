import type { CompiledRecurrent } from '../recurrent/compiled.ts';
import type { CompiledOperatorGraph, PackedProduct, PackedSweep } from './compiled.ts';
import { cellOfOperator } from '../../../cells/registry.ts';
import { tensorNames } from '../../../cells/weights.ts';
import { emitLinear } from '../../../kernel/emit/linear.ts';
import { padded } from '../../../kernel/layout.ts';
import { denseOrder, packMatrix } from '../../../kernel/pack.ts';
import { checkOperatorGraph } from '../../../operators/check-operator-graph.ts';
import { elementCount, type Operand } from '../../../operators/operand.ts';
import { readRecurrentDirections } from '../../../operators/recurrent-weights.ts';
import { numberAttribute } from '../../../operators/operator.ts';
import { getBodies } from '../../../operators/get-bodies.ts';
import type { BodySpec, OperatorSpec } from '../../../operators/spec.ts';
import type { CompileContext } from '../layer.ts';
import { operatorKey, productRows, sweepRows } from './scratch.ts';
import { compileRecurrent } from '../recurrent/compile.ts';
import type { OperatorGraphSpec } from './schema.ts';

// Compiles an operator graph: matrices of constant products are packed for the kernel, other constants are
// copied.

/** Every operator of a graph, and of its bodies. */
export function* listOperators(body: Pick<BodySpec, 'operators'>): Generator<OperatorSpec> {
  for (const operator of body.operators) {
    yield operator;
    for (const inner of getBodies(operator)) yield* listOperators(inner);
  }
}

/** W, R, B and P. */
const weightInputs = [1, 2, 3, 7];
const isRecurrent = ({ operator }: OperatorSpec): boolean => cellOfOperator(operator) !== undefined;

/** float32 of the state passed from a step to the next. */
const countStateFloats = ({ states, input }: OperatorGraphSpec): number =>
  states.reduce((sum, { shape }) => sum + elementCount(shape), 0) + input.context;

export function compileOperatorGraph(
  layer: OperatorGraphSpec,
  tensors: Readonly<Record<string, string>>,
  context: CompileContext,
): CompiledOperatorGraph {
  const { e, place, tensor } = context;
  const { weightIh, weightHh, biasIh, biasHh, peephole } = tensorNames;
  const constant = (name: string | undefined): Operand | undefined => {
    const shape =
      name === undefined || !Object.hasOwn(layer.constants, name) ? undefined : layer.constants[name];
    return shape && { kind: 'float', shape, values: tensor(tensors[name!]!), known: true };
  };
  checkOperatorGraph(layer, (name) => constant(name)!);
  const products: Record<string, PackedProduct> = {};
  const sweeps: Record<string, PackedSweep> = {};
  const placed = new Map<string, number>();
  const packed = new Set<string>();

  for (const operator of listOperators(layer)) {
    const key = operatorKey(operator);
    if (isRecurrent(operator)) {
      const { inner, directions } = readRecurrentDirections(operator, operator.inputs.map(constant));
      sweeps[key] = {
        inner,
        directions: directions.map(({ layer: cell, parts }) => {
          const own = {
            ...context,
            inputWidths: [inner],
            tensor: (name: string) => parts[name as keyof typeof parts]!.values,
          };
          return compileRecurrent(
            { type: 'recurrent', ...cell },
            {
              forward: { weightIh, weightHh, biasIh, biasHh, ...(parts.peephole && { peephole }) },
              backward: null,
            },
            { tableVocabulary: null, mergeAtFirstStep: false },
            own,
          );
        }),
      };
      for (const place of weightInputs) if (operator.inputs[place]) packed.add(operator.inputs[place]);
    } else {
      const matrix = findMatrix(operator, constant(operator.inputs[1]));
      if (!matrix) continue;
      const { inner, columns, values } = matrix;
      products[key] = {
        inner,
        columns,
        linear: emitLinear(e, { inner, columns }),
        weight: place(padded(columns) * inner, (target) =>
          packMatrix(values, inner, denseOrder(columns), target),
        ),
        bias: place(padded(columns), (zeros) => zeros.fill(0)),
      };
      packed.add(operator.inputs[1]!);
    }
  }
  const placeStart = (): number =>
    place(countStateFloats(layer), (target) => {
      target.fill(0);
      let at = 0;
      for (const { start, shape } of layer.states) {
        if (start !== undefined) target.set(constant(start)!.values, at);
        at += elementCount(shape);
      }
    });
  // a constant that is only a matrix of products has been packed
  for (const name of Object.keys(layer.constants)) {
    if (
      packed.has(name) &&
      !readElsewhere(layer, name, (operator) => Object.hasOwn(products, operatorKey(operator)))
    )
      continue;
    const values = tensor(tensors[name]!);
    placed.set(
      name,
      place(Math.max(1, values.length), (target) => target.set(values)),
    );
  }
  return {
    kind: 'operator_graph',
    layer,
    constants: Object.fromEntries(placed),
    products,
    sweeps,
    stateFloats: countStateFloats(layer),
    start: layer.states.some(({ start }) => start !== undefined) ? placeStart() : null,
    scratchFloats: Math.max(
      0,
      ...Object.values(products).map(
        ({ inner, columns }) => productRows * (padded(inner) + padded(columns)) + 64,
      ),
      ...Object.values(sweeps).map(({ inner, directions }) =>
        Math.max(...directions.map((direction) => sweepScratchFloats(inner, direction))),
      ),
    ),
  };
}

/** x, projections, y, h, c and the sweep's own scratch, of `sweepRows` rows each. */
const sweepScratchFloats = (
  inner: number,
  { columns, units, scratchBytesPerRow }: CompiledRecurrent,
): number => sweepRows * (padded(inner) + columns + 3 * padded(units) + scratchBytesPerRow / 4) + 6 * 16;

/** The matrix [columns, inner] that an operator multiplies with, where it is constant. */
function findMatrix(
  operator: OperatorSpec,
  w: Operand | undefined,
): { inner: number; columns: number; values: Float32Array } | null {
  if (!w || w.values.length === 0) return null;
  const values = w.values as Float32Array;
  const [first = 0, ...rest] = w.shape;
  if (operator.operator === 'Conv' && numberAttribute(operator, 'group', 1) === 1)
    return { inner: elementCount(rest), columns: first, values };
  const transposed = operator.operator === 'Gemm' && numberAttribute(operator, 'transB', 0) !== 0;
  if (w.shape.length !== 2 || (operator.operator !== 'MatMul' && operator.operator !== 'Gemm')) return null;
  if (operator.operator === 'Gemm' && numberAttribute(operator, 'transA', 0) !== 0) return null;
  if (transposed) return { inner: rest[0]!, columns: first, values };
  const columns = rest[0]!;
  const inner = first;
  return {
    inner,
    columns,
    values: Float32Array.from(values, (_, i) => values[(i % inner) * columns + Math.floor(i / inner)]!),
  };
}

/** Whether a constant is read other than as a packed matrix. */
function readElsewhere(
  layer: OperatorGraphSpec,
  name: string,
  multiplies: (operator: OperatorSpec) => boolean,
): boolean {
  if (layer.output.value === name || layer.states.some(({ output }) => output === name)) return true;
  for (const operator of listOperators(layer)) {
    const sweeps = isRecurrent(operator);
    const inKernel = (i: number): boolean =>
      sweeps ? weightInputs.includes(i) : i === 1 && multiplies(operator);
    if (operator.inputs.some((one, i) => one === name && !inKernel(i))) return true;
    if (getBodies(operator).some(({ outputs }) => outputs.includes(name))) return true;
  }
  return false;
}
