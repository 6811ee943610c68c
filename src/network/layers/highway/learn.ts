import { padded } from '../../../kernel/layout.ts';
import { denseOrder } from '../../../kernel/pack.ts';
import type { Block } from '../../learning/layer.ts';
import { createMatrix } from '../../learning/matrix.ts';
import type { LayerLearning } from '../layer-learning.ts';
import { emitHighway } from './emit.ts';
import type { HighwayNode } from './highway.ts';

/**
 * With g and f as in highway.ts and δ = ∂L/∂y:
 * ∂L/∂(W_g x + b_g) = δ·(f − x)·g·(1 − g)   ∂L/∂(W x + b) = δ·g·f'   ∂L/∂x = δ·(1 − g) + what passes both
 * matrices
 */
export const learn: LayerLearning<HighwayNode> = {
  create(context, { width, tensors, layer: { activation } }) {
    const { allocate, capacity } = context;
    const shape = { inner: width, order: denseOrder(width) };
    const gate = createMatrix(context, { weight: tensors.gateWeight, bias: tensors.gateBias }, shape, {
      activation: 'sigmoid',
    });
    const candidate = createMatrix(context, tensors, shape, { activation });
    const combine = emitHighway(context.e, width);
    const matrices = [gate, candidate];
    const stride = padded(width);
    const rows = (): Block => allocate(capacity.packed * stride);
    const g = rows();
    const f = rows();
    const y = rows();
    const dGate = rows();
    const dCandidate = rows();
    const dx = rows();
    const dThroughGate = rows();
    const slope =
      activation === 'tanh' ? (value: number) => 1 - value * value : (value: number) => +(value > 0);
    let x: Block = dx;

    return {
      width,
      parameters: matrices.flatMap(({ parameters }) => parameters),
      carried: [],
      load: (weights) => matrices.forEach((matrix) => matrix.load(weights)),
      save: (weights) => matrices.forEach((matrix) => matrix.save(weights)),
      refresh: () => matrices.forEach((matrix) => matrix.refresh()),
      reset() {},

      forward({ functions, packed }, [input]) {
        x = input!;
        gate.multiply(functions, x.address, g.address, packed);
        candidate.multiply(functions, x.address, f.address, packed);
        y.values.set(f.values.subarray(0, packed * stride));
        functions[combine]!(x.address, g.address, y.address, packed);
        return y;
      },

      backward({ functions, packed }, dy) {
        const length = packed * stride;
        for (let i = 0; i < length; i++) {
          const delta = dy.values[i]!;
          const gi = g.values[i]!;
          const fi = f.values[i]!;
          dGate.values[i] = delta * (fi - x.values[i]!) * gi * (1 - gi);
          dCandidate.values[i] = delta * gi * slope(fi);
        }
        gate.accumulate(functions, x.address, dGate.address, packed);
        candidate.accumulate(functions, x.address, dCandidate.address, packed);
        gate.multiplyBack(functions, dGate.address, dThroughGate.address, packed);
        candidate.multiplyBack(functions, dCandidate.address, dx.address, packed);
        for (let i = 0; i < length; i++)
          dx.values[i] = dx.values[i]! + dThroughGate.values[i]! + dy.values[i]! * (1 - g.values[i]!);
        return [dx];
      },
    };
  },
};
