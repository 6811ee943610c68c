import { z } from 'zod';
import { emitMerge } from '../../../kernel/emit/merge.ts';
import { emitConcat } from '../../../kernel/emit/rows.ts';
import { layerInputs, placed } from '../fields.ts';
import type { LayerKind, LayerNode, ReferenceContext, ResolveContext, Rows } from '../layer-kind.ts';
import type { CompileContext } from '../layer.ts';
import type { CompiledCombine } from './run.ts';

// Layers of several inputs, step by step: y = [x₀, x₁, …], x₀ + x₁ + … or x₀ · x₁ · …, from the left.

type Join = 'concat' | 'add' | 'multiply';

const createSchema = <const T extends Join>(type: T) =>
  z.strictObject({ type: z.literal(type), ...placed, inputs: layerInputs });
type CombineSpec<T extends Join> = z.infer<ReturnType<typeof createSchema<T>>>;
export type CombineNode<T extends Join = Join> = LayerNode<CombineSpec<T>, object>;

function resolve<T extends Join>(
  layer: CombineSpec<T>,
  { name, inputs, inputWidths }: ResolveContext,
  width: number,
): CombineNode<T> {
  return { name, inputs, inputWidths, type: layer.type, width, layer, tensors: {}, shapes: [] };
}

function resolveElementwise<T extends 'add' | 'multiply'>(
  layer: CombineSpec<T>,
  context: ResolveContext,
): CombineNode<T> {
  const { inputWidths, fail } = context;
  if (new Set(inputWidths).size > 1)
    fail(
      `${layer.type === 'add' ? 'adds' : 'multiplies'} inputs of different widths: ${inputWidths.join(', ')}`,
    );
  return resolve(layer, context, inputWidths[0]!);
}

/** One input needs no code. */
const compileJoin = (kind: Join, { e, inputWidths }: CompileContext): CompiledCombine | null =>
  inputWidths.length === 1
    ? null
    : {
        kind,
        function:
          kind === 'concat'
            ? emitConcat(e, inputWidths)
            : emitMerge(e, kind === 'add' ? 'sum' : 'mul', inputWidths[0]!),
      };

const describe = ({ inputs }: { readonly inputs: readonly string[] }): string => `of ${inputs.join(', ')}`;

const elementwise = (
  { inputs: [first = [], ...rest] }: ReferenceContext,
  join: (a: number, b: number) => number,
): Rows =>
  first.map((row, t) => row.map((value, k) => rest.reduce((sum, rows) => join(sum, rows[t]![k]!), value)));

export const concat = {
  schema: createSchema('concat'),
  severalInputs: true,
  describe: (layer) => describe(layer),
  resolve: (layer, context) =>
    resolve(
      layer,
      context,
      context.inputWidths.reduce((sum, width) => sum + width, 0),
    ),
  compile: (_, context) => compileJoin('concat', context),
  reference: (_, { inputs }) =>
    inputs[0]!.map((__, t) => Float64Array.from(inputs.flatMap((rows) => [...rows[t]!]))),
} satisfies LayerKind<CombineSpec<'concat'>, CombineNode<'concat'>, CompiledCombine>;

export const add = {
  schema: createSchema('add'),
  severalInputs: true,
  describe: (layer) => describe(layer),
  resolve: (layer, context) => resolveElementwise(layer, context),
  compile: (_, context) => compileJoin('add', context),
  reference: (_, context) => elementwise(context, (a, b) => a + b),
} satisfies LayerKind<CombineSpec<'add'>, CombineNode<'add'>, CompiledCombine>;

export const multiply = {
  schema: createSchema('multiply'),
  severalInputs: true,
  describe: (layer) => describe(layer),
  resolve: (layer, context) => resolveElementwise(layer, context),
  compile: (_, context) => compileJoin('multiply', context),
  reference: (_, context) => elementwise(context, (a, b) => a * b),
} satisfies LayerKind<CombineSpec<'multiply'>, CombineNode<'multiply'>, CompiledCombine>;
