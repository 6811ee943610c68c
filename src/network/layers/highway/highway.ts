import { z } from 'zod';
import { emitLinear } from '../../../kernel/emit/linear.ts';
import { heMatrix } from '../../initial-values.ts';
import { placed } from '../fields.ts';
import type { LayerKind, LayerNode } from '../layer-kind.ts';
import { placeMatrix } from '../place-matrix.ts';
import { plainRowMath, type RowMath } from '../row-math.ts';
import { emitHighway } from './emit.ts';
import type { CompiledHighway } from './run.ts';

// A residual layer that learns how much of its input passes (Srivastava et al. 2015, "Highway Networks"), as
// wide as its input: g = σ(W_g x + b_g)   f = tanh or relu of (W x + b)   y = g·f + (1 − g)·x
// Tensors: weight and gate_weight [width, width], bias and gate_bias [width].

const schema = z.strictObject({
  type: z.literal('highway'),
  ...placed,
  activation: z.enum(['tanh', 'relu']).default('tanh'),
});
type HighwaySpec = z.infer<typeof schema>;

export type HighwayNode = LayerNode<
  HighwaySpec,
  { readonly weight: string; readonly bias: string; readonly gateWeight: string; readonly gateBias: string }
>;

/**
 * First value of the gate's bias: at first most of the input passes, so that deep stacks learn (section 4 of
 * the paper).
 */
const initialGateBias = -1;

export const highway = {
  schema,
  inputEvidence: () => ({ from: 'tensor', suffix: '.weight', dimensions: 2 }),
  describe: (layer) => layer.activation,

  resolve(layer, { name, inputs, inputWidths }): HighwayNode {
    const width = inputWidths[0]!;
    const tensors = {
      weight: `${name}.weight`,
      bias: `${name}.bias`,
      gateWeight: `${name}.gate_weight`,
      gateBias: `${name}.gate_bias`,
    };
    const shapes = [
      [tensors.weight, [width, width]],
      [tensors.bias, [width]],
      [tensors.gateWeight, [width, width]],
      [tensors.gateBias, [width]],
    ] as const;
    return { name, inputs, inputWidths, type: 'highway', width, layer, tensors, shapes };
  },

  compile({ layer, tensors, width }, context): CompiledHighway {
    const { e } = context;
    const shape = { inner: width, columns: width };
    return {
      kind: 'highway',
      width,
      gate: emitLinear(e, { ...shape, activation: 'sigmoid' }),
      candidate: emitLinear(e, { ...shape, activation: layer.activation }),
      combine: emitHighway(e, width),
      gateMatrix: placeMatrix(context, { weight: tensors.gateWeight, bias: tensors.gateBias }, shape),
      matrix: placeMatrix(context, tensors, shape),
    };
  },

  equations,
  reference(node, { inputs, tensor }) {
    const math = plainRowMath(tensor);
    return inputs[0]!.map((x) => equations(node, math, x));
  },

  initialise({ layer, tensors }, [name, shape], random, { initialisation }) {
    if (name === tensors.gateBias) return new Float32Array(shape[0]!).fill(initialGateBias);
    return name === tensors.weight && layer.activation === 'relu' && initialisation === 'he'
      ? heMatrix(shape, random)
      : null;
  },
} satisfies LayerKind<HighwaySpec, HighwayNode, CompiledHighway>;

function equations<Row>({ layer, tensors }: HighwayNode, math: RowMath<Row>, x: Row): Row {
  const g = math.sigmoid(math.linear(tensors.gateWeight, x, tensors.gateBias));
  const f = math[layer.activation](math.linear(tensors.weight, x, tensors.bias));
  return math.add(math.mul(g, f), math.mul(math.complement(g), x));
}
