import { UnrollError } from '../../../errors.ts';
import { padded } from '../../../kernel/layout.ts';
import { denseOrder } from '../../../kernel/pack.ts';
import type { Block, BuildContext, LearningLayer, Pass } from '../../learning/layer.ts';
import { createMatrix } from '../../learning/matrix.ts';
import type { LayerLearning } from '../layer-learning.ts';
import type { DenseNode } from './dense.ts';

type Activation = 'linear' | 'relu' | 'tanh' | 'sigmoid';

export const learn: LayerLearning<DenseNode> = {
  create: (context, node, loss) =>
    learningDense(context, node.tensors, {
      inner: node.inputWidths[0]!,
      units: node.layer.units,
      activation: activationFor(node, loss),
    }),
};

/** The activation of the layer, linear where the loss applies it. */
function activationFor({ name, layer: { activation } }: DenseNode, loss: string | null): Activation {
  if (activation === 'softmax' || activation === 'log_softmax') {
    if (loss === 'softmax_cross_entropy') return 'linear';
    throw new UnrollError(
      'invalid_model',
      `layer ${name}: a ${activation.replace('_', ' ')} learns only as the last layer, with softmax_cross_entropy${loss ? `, not ${loss}` : ''}`,
    );
  }
  return activation === 'sigmoid' && loss === 'sigmoid_cross_entropy' ? 'linear' : activation;
}

/** y = activation(x·Wᵀ + b). */
function learningDense(
  context: BuildContext,
  names: { weight: string; bias: string },
  shape: { inner: number; units: number; activation: Activation },
): LearningLayer {
  const { allocate, capacity } = context;
  const { inner, units, activation } = shape;
  const matrix = createMatrix(context, names, { inner, order: denseOrder(units) }, { activation });
  const y = allocate(capacity.packed * padded(units));
  const dx = allocate(capacity.packed * padded(inner));
  const dSum = activation === 'linear' ? null : allocate(capacity.packed * padded(units));
  let x: Block = dx;

  /** ∂L/∂(x·Wᵀ + b), from the output rows. */
  const beforeActivation = ({ packed }: Pass, dy: Block): Block => {
    if (!dSum) return dy;
    const length = packed * padded(units);
    const slope = slopes[activation];
    for (let i = 0; i < length; i++) dSum.values[i] = dy.values[i]! * slope(y.values[i]!);
    return dSum;
  };

  return {
    width: units,
    parameters: matrix.parameters,
    carried: [],
    load: (weights) => matrix.load(weights),
    save: (weights) => matrix.save(weights),
    refresh: () => matrix.refresh(),
    reset() {},
    forward({ functions, packed }, [input]) {
      x = input!;
      matrix.multiply(functions, x.address, y.address, packed);
      return y;
    },
    backward(pass, dy) {
      const { functions, packed } = pass;
      const d = beforeActivation(pass, dy);
      matrix.accumulate(functions, x.address, d.address, packed);
      matrix.multiplyBack(functions, d.address, dx.address, packed);
      return [dx];
    },
  };
}

/** The derivative of each activation, from its value. */
const slopes: Readonly<Record<Activation, (y: number) => number>> = {
  linear: () => 1,
  relu: (y) => (y > 0 ? 1 : 0),
  tanh: (y) => 1 - y * y,
  sigmoid: (y) => y * (1 - y),
};
