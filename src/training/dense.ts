import { padded } from '../kernel/emit/emitter.ts';
import { denseOrder } from '../kernel/pack.ts';
import type { Block, BuildContext, LearningLayer } from './layer.ts';
import { createMatrix } from './matrix.ts';

/** y = x·Wᵀ + b. What squashes the last one belongs to the loss. */
export function learningDense(
  context: BuildContext,
  names: { weight: string; bias: string },
  shape: { inner: number; units: number },
): LearningLayer {
  const { allocate, capacity } = context;
  const { inner, units } = shape;
  const matrix = createMatrix(context, names, { inner, order: denseOrder(units) });
  const y = allocate(capacity.packed * padded(units));
  const dx = allocate(capacity.packed * padded(inner));
  let x: Block = dx;

  return {
    width: units,
    parameters: matrix.parameters,
    load: (weights) => matrix.load(weights),
    save: (weights) => matrix.save(weights),
    refresh: () => matrix.refresh(),
    reset() {},
    forward({ functions, packed }, input) {
      x = input;
      matrix.multiply(functions, x.address, y.address, packed);
      return y;
    },
    backward({ functions, packed }, dy) {
      matrix.accumulate(functions, x.address, dy.address, packed);
      matrix.multiplyBack(functions, dy.address, dx.address, packed);
      return dx;
    },
  };
}
