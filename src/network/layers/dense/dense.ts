import { z } from 'zod';
import { emitLinear, linearScratch } from '../../../kernel/emit/linear.ts';
import { emitLogSoftmax, emitSoftmax } from '../../../kernel/emit/softmax.ts';
import { activation } from '../../../kernel/reference/activations.ts';
import { linear } from '../../../kernel/reference/linear.ts';
import { logSoftmax, softmax } from '../../../kernel/reference/softmax.ts';
import { heMatrix } from '../../initial-values.ts';
import { placed } from '../fields.ts';
import type { LayerKind, LayerNode } from '../layer-kind.ts';
import { placeMatrix } from '../place-matrix.ts';
import type { CompiledDense } from './run.ts';

// y = activation(W x + b). Tensors: weight [units, in], bias [units].

const schema = z.strictObject({
  type: z.literal('dense'),
  ...placed,
  units: z.int().min(1).max(262_144),
  activation: z.enum(['linear', 'relu', 'tanh', 'sigmoid', 'softmax', 'log_softmax']).default('linear'),
});
type DenseSpec = z.infer<typeof schema>;
export type DenseNode = LayerNode<DenseSpec, { readonly weight: string; readonly bias: string }>;

/** Activations of a row as a whole. */
const overRow = {
  softmax: { emit: emitSoftmax, reference: softmax },
  log_softmax: { emit: emitLogSoftmax, reference: logSoftmax },
};
const isOverRow = (name: string): name is keyof typeof overRow => Object.hasOwn(overRow, name);

/** Whether a node is a dense layer without an activation. */
export const isLinear = (node: LayerNode | undefined): boolean =>
  node?.type === 'dense' && (node.layer as DenseSpec).activation === 'linear';

export const dense = {
  schema,
  inputEvidence: () => ({ from: 'tensor', suffix: '.weight', dimensions: 2 }),
  describe: (layer) => layer.activation,

  resolve(layer, { name, inputs, inputWidths }): DenseNode {
    const tensors = { weight: `${name}.weight`, bias: `${name}.bias` };
    const shapes = [
      [tensors.weight, [layer.units, inputWidths[0]!]],
      [tensors.bias, [layer.units]],
    ] as const;
    return { name, inputs, inputWidths, type: 'dense', width: layer.units, layer, tensors, shapes };
  },

  compile({ layer, tensors }, context): CompiledDense {
    const { e, inputWidths, precision } = context;
    const inner = inputWidths[0]!;
    const columns = layer.units;
    const own = isOverRow(layer.activation) ? 'linear' : layer.activation;
    const logits = own === 'sigmoid' ? 'linear' : own;
    return {
      kind: 'dense',
      linear: emitLinear(e, { inner, columns, activation: own, precision }),
      logits: emitLinear(e, { inner, columns, activation: logits, precision }),
      scratchBytes: linearScratch({ inner, columns, precision }),
      overRow: isOverRow(layer.activation) ? overRow[layer.activation].emit(e, columns) : null,
      ...placeMatrix(context, tensors, { inner, columns, precision }),
    };
  },

  reference({ layer, tensors }, { inputs, tensor }) {
    const sums = inputs[0]!.map((row) => linear(tensor(tensors.weight), row, tensor(tensors.bias)));
    const own = layer.activation;
    return isOverRow(own) ? sums.map(overRow[own].reference) : sums.map((row) => row.map(activation[own]));
  },

  initialise: ({ layer }, [, shape], random, { initialisation }) =>
    shape.length === 2 && layer.activation === 'relu' && initialisation === 'he'
      ? heMatrix(shape, random)
      : null,
} satisfies LayerKind<DenseSpec, DenseNode, CompiledDense>;
