import type { CompiledRecurrent } from './compiled.ts';
import type { RecurrentNode } from './recurrent-node.ts';
import { findCell } from '../../../cells/registry.ts';
import { tensorNames, tensorShapes, type DirectionTensors } from '../../../cells/weights.ts';
import { padded } from '../../../kernel/layout.ts';
import { glorotMatrix, heMatrix, orthogonalMatrix } from '../../initial-values.ts';
import type { CompiledEmbedding } from '../embedding/run.ts';
import type { LayerKind, ResolveContext, TensorShape } from '../layer-kind.ts';
import {
  getCellOptions,
  describeOptions,
  describeVariant,
  misplacedOption,
} from '../../../cells/recurrent-options.ts';
import { compileRecurrent, fillTables } from './compile.ts';
import { referenceRecurrent } from './reference.ts';
import { recurrentSchema, type RecurrentSpec } from './schema.ts';

// A recurrent cell over the steps, in one direction or both, in a stack of levels. Tensors of each level and
// direction: cells/weights.ts.

/** Maximum bytes of a token × input-weights table. */
const maxTableBytes = 64 * 1_048_576;

export const recurrent = {
  schema: recurrentSchema,
  inputEvidence: () => ({ from: 'tensor', suffix: '.0.forward.weight_ih', dimensions: 2 }),
  looksAhead: ({ bidirectional }) => bidirectional,

  describe(layer) {
    const { cell, bidirectional, merge, backward_at: at } = layer;
    const variant = describeVariant(layer);
    const both = bidirectional ? [`bidirectional ${merge}${at === 'first' ? ' of the ends' : ''}`] : [];
    return [variant ? `${cell} ${variant}` : cell, ...both, ...describeOptions(layer)].join(', ');
  },

  /** A stack is one node a level; each level reads the merged output of the one below. */
  resolve(layer, context): RecurrentNode[] {
    const misplaced = misplacedOption(layer);
    if (misplaced) context.fail(`${misplaced.field}: ${misplaced.what}`, misplaced.field);
    return Array.from({ length: layer.layers }, (_, level) => resolveLevel(layer, level, context));
  },

  compile: ({ layer, tensors, mergeAtFirstStep }, context): CompiledRecurrent =>
    compileRecurrent(
      layer,
      tensors,
      { tableVocabulary: tableVocabulary(context.before, layer), mergeAtFirstStep },
      context,
    ),

  fill: (compiled, functions, before) => fillTables(compiled, functions, before as CompiledEmbedding),
  reference: (node, { inputs, tensor }) => referenceRecurrent(node, inputs[0]!, tensor),

  initialise({ layer, tensors: { forward, backward } }, [name, shape], random, { initialisation }) {
    const { units } = layer;
    const isTensor = (part: keyof DirectionTensors): boolean =>
      name === forward[part] || name === backward?.[part];
    const [rows = 0] = shape;
    if (isTensor('weightHh')) {
      const matrix = new Float32Array(rows * units);
      for (let gate = 0; gate < rows / units; gate++)
        matrix.set(orthogonalMatrix(units, random), gate * units * units);
      return matrix;
    }
    if (isTensor('biasIh')) {
      const vector = new Float32Array(rows);
      findCell(layer).gates.forEach(({ initialBias = 0 }, gate) =>
        vector.fill(initialBias, gate * units, (gate + 1) * units),
      );
      return vector;
    }
    if (!isTensor('weightIh')) return null;
    const relu = getCellOptions(layer, 'forward').candidate.type === 'relu';
    return relu && initialisation === 'he' ? heMatrix(shape, random) : glorotMatrix(shape, random, units);
  },
} satisfies LayerKind<RecurrentSpec, RecurrentNode, CompiledRecurrent>;

function resolveLevel(
  layer: RecurrentSpec,
  level: number,
  { name, inputs, inputWidths, index }: ResolveContext,
): RecurrentNode {
  const { units, bidirectional, merge } = layer;
  const width = bidirectional && merge === 'concat' ? 2 * units : units;
  const inner = level === 0 ? inputWidths[0]! : width;
  const parts = tensorShapes(findCell(layer), { ...layer, inner, initialState: layer.initial_state });
  const tensorName = (direction: string, part: keyof typeof tensorNames): string =>
    `${name}.${level}.${direction}.${tensorNames[part]}`;
  const tensors = (direction: string): DirectionTensors =>
    Object.fromEntries(
      parts.map(([part]) => [part, tensorName(direction, part)]),
    ) as unknown as DirectionTensors;
  const directions = bidirectional ? ['forward', 'backward'] : ['forward'];
  return {
    name: layer.layers > 1 ? `${name}.${level}` : name,
    inputs: [level === 0 ? inputs[0]! : index + level - 1],
    inputWidths: [inner],
    width,
    type: 'recurrent',
    layer,
    tensors: { forward: tensors('forward'), backward: bidirectional ? tensors('backward') : null },
    shapes: directions.flatMap((direction) =>
      parts.map(([part, shape]): TensorShape => [tensorName(direction, part), shape]),
    ),
    mergeAtFirstStep: bidirectional && layer.backward_at === 'first' && level === layer.layers - 1,
  };
}

/** The vocabulary of a token × input-weights table, null where there is none. */
function tableVocabulary(before: { readonly kind: string } | undefined, layer: RecurrentSpec): number | null {
  if (before?.kind !== 'embedding') return null;
  const { count, vocabulary } = before as CompiledEmbedding;
  if (count > 1) return null;
  const bytes = vocabulary * findCell(layer).gates.length * padded(layer.units) * 4;
  return bytes <= maxTableBytes ? vocabulary : null;
}
