import type { CompiledRecurrent } from '../recurrent/compiled.ts';
import type { PackedOperators, PackedProduct, PackedSweep } from './compiled.ts';
import { cellOfOperator } from '../../../cells/registry.ts';
import { tensorNames } from '../../../cells/weights.ts';
import type { Activation } from '../../../kernel/emit/activations.ts';
import { emitElementwise } from '../../../kernel/emit/elementwise.ts';
import { emitLinear } from '../../../kernel/emit/linear.ts';
import { padded } from '../../../kernel/layout.ts';
import { denseOrder, packMatrix } from '../../../kernel/pack.ts';
import { elementCount, type Operand } from '../../../operators/operand.ts';
import { readRecurrentDirections } from '../../../operators/recurrent-weights.ts';
import { numberAttribute } from '../../../operators/operator.ts';
import { getBodies } from '../../../operators/get-bodies.ts';
import type { BodySpec, OperatorSpec } from '../../../operators/spec.ts';
import type { CompileContext } from '../layer.ts';
import { elementwiseFloats, operatorKey, productRows, sweepRows } from './scratch.ts';
import { compileRecurrent } from '../recurrent/compile.ts';

// What a graph multiplies with is packed for the kernel at load, every other constant goes beside it.

/** Every operator of a graph, those of bodies too. */
export function* listOperators(body: Pick<BodySpec, 'operators'>): Generator<OperatorSpec> {
  for (const operator of body.operators) {
    yield operator;
    for (const inner of getBodies(operator)) yield* listOperators(inner);
  }
}

/** Operators that the kernel computes element by element. */
const activations: Readonly<Record<string, Activation>> = { Tanh: 'tanh', Sigmoid: 'sigmoid', Relu: 'relu' };

/** W, R, B and P. */
const weightInputs = [1, 2, 3, 7];
const isRecurrent = ({ operator }: OperatorSpec): boolean => cellOfOperator(operator) !== undefined;

/**
 * Packs the constants of a graph.
 * @param outputs values that are read besides by operators
 * @param floats its constants of floats
 * @throws UnrollError invalid_model where a recurrent operator's weights are not among them
 */
export function packOperators(
  { operators, outputs }: Pick<BodySpec, 'operators' | 'outputs'>,
  floats: ReadonlyMap<string, Operand>,
  context: Pick<CompileContext, 'e' | 'place'>,
): PackedOperators {
  const { e, place } = context;
  const { weightIh, weightHh, biasIh, biasHh, peephole } = tensorNames;
  const constant = (name: string | undefined): Operand | undefined =>
    name === undefined ? undefined : floats.get(name);
  const products: Record<string, PackedProduct> = {};
  const sweeps: Record<string, PackedSweep> = {};
  const elementwise: Record<string, string> = {};
  const placed = new Map<string, number>();
  const packed = new Set<string>();

  for (const operator of listOperators({ operators })) {
    const key = operatorKey(operator);
    if (isRecurrent(operator)) {
      const { inner, directions } = readRecurrentDirections(operator, operator.inputs.map(constant));
      sweeps[key] = {
        inner,
        directions: directions.map(({ layer: cell, parts }) => {
          const own = {
            ...context,
            observer: null,
            placeUntilFilled: place,
            precision: 'float32' as const,
            inputWidths: [inner],
            before: undefined,
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
      const own = Object.hasOwn(activations, operator.operator) ? activations[operator.operator] : undefined;
      if (own) elementwise[key] = emitElementwise(e, own);
      const matrix = getMatrix(operator, constant(operator.inputs[1]));
      if (!matrix) continue;
      const { inner, columns, values } = matrix;
      const added = getBias(operator, constant(operator.inputs[2]), columns);
      products[key] = {
        inner,
        columns,
        linear: emitLinear(e, { inner, columns }),
        weight: place(padded(columns) * inner, (room) =>
          packMatrix(values, inner, denseOrder(columns), room),
        ),
        bias: place(padded(columns), (room) => {
          room.fill(0);
          if (added) room.set(added);
        }),
        hasBias: added !== null,
      };
      packed.add(operator.inputs[1]!);
    }
  }
  // what is only multiplied with is in the kernel's order already
  for (const [name, { values }] of floats) {
    const inKernel = (operator: OperatorSpec): boolean => Object.hasOwn(products, operatorKey(operator));
    if (packed.has(name) && !readElsewhere({ operators, outputs }, name, inKernel)) continue;
    placed.set(
      name,
      place(Math.max(1, values.length), (room) => room.set(values)),
    );
  }
  return {
    constants: Object.fromEntries(placed),
    products,
    sweeps,
    elementwise,
    scratchFloats: Math.max(
      Object.keys(elementwise).length > 0 ? elementwiseFloats + 16 : 0,
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
function getMatrix(
  operator: OperatorSpec,
  w: Operand | undefined,
): { inner: number; columns: number; values: Float32Array } | null {
  if (!w || w.values.length === 0) return null;
  const values = w.values as Float32Array;
  const [first = 0, ...rest] = w.shape;
  if (operator.operator === 'Conv' && numberAttribute(operator, 'group', 1) === 1)
    return { inner: elementCount(rest), columns: first, values };
  const turned = operator.operator === 'Gemm' && numberAttribute(operator, 'transB', 0) !== 0;
  if (w.shape.length !== 2 || (operator.operator !== 'MatMul' && operator.operator !== 'Gemm')) return null;
  if (operator.operator === 'Gemm' && numberAttribute(operator, 'transA', 0) !== 0) return null;
  if (turned) return { inner: rest[0]!, columns: first, values };
  const columns = rest[0]!;
  const inner = first;
  return {
    inner,
    columns,
    values: Float32Array.from(values, (_, i) => values[(i % inner) * columns + Math.floor(i / inner)]!),
  };
}

/** The numbers that an operator adds to its product, where they are constant and one for each column. */
function getBias(operator: OperatorSpec, c: Operand | undefined, columns: number): Float32Array | null {
  const plain = ['alpha', 'beta'].every((name) => numberAttribute(operator, name, 1) === 1);
  const own = operator.operator === 'Conv' || (operator.operator === 'Gemm' && plain);
  return own && c && c.values.length === columns && c.shape.at(-1) === columns
    ? (c.values as Float32Array)
    : null;
}

/** Whether anything needs a constant's numbers as they are. */
function readElsewhere(
  { operators, outputs }: Pick<BodySpec, 'operators' | 'outputs'>,
  name: string,
  multiplies: (operator: OperatorSpec) => boolean,
): boolean {
  if (outputs.includes(name)) return true;
  for (const operator of listOperators({ operators })) {
    const sweeps = isRecurrent(operator);
    const inKernel = (i: number): boolean =>
      sweeps ? weightInputs.includes(i) : i === 1 && multiplies(operator);
    if (operator.inputs.some((one, i) => one === name && !inKernel(i))) return true;
    if (getBodies(operator).some(({ outputs }) => outputs.includes(name))) return true;
  }
  return false;
}
