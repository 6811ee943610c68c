import { padded } from '../../../kernel/layout.ts';
import { emitConcat } from '../../../kernel/emit/rows.ts';
import type { LayerLearning } from '../layer-learning.ts';
import type { CombineNode } from './combine.ts';
import { nothingToLearn, type Block, type BuildContext, type LearningLayer } from '../../learning/layer.ts';

const creators = { concat: learningConcat, add: learningAdd, multiply: learningMultiply };

export const learn: LayerLearning<CombineNode> = {
  create: (context, { type, inputWidths }) => creators[type](context, inputWidths),
};

/** A vector store of the concatenation may run this many floats past the last row. */
const slack = 16;

/** y = [x₀, x₁, …] */
export function learningConcat(
  { e, allocate, capacity }: BuildContext,
  widths: readonly number[],
): LearningLayer {
  const width = widths.reduce((sum, one) => sum + one, 0);
  const stride = padded(width);
  const concat = emitConcat(e, widths);
  const y = allocate(capacity.packed * stride + slack);
  const parts = widths.map((one) => allocate(capacity.packed * padded(one)));

  return {
    ...nothingToLearn,
    width,
    forward({ functions, packed }, inputs) {
      functions[concat]!(...inputs.map(({ address }) => address), y.address, packed);
      // what the copy of the last panel left past the width has no meaning
      if (stride > width)
        for (let row = 0; row < packed; row++) y.values.fill(0, row * stride + width, (row + 1) * stride);
      return y;
    },
    backward({ packed }, dy) {
      let column = 0;
      widths.forEach((one, i) => {
        const to = parts[i]!.values;
        const wide = padded(one);
        for (let row = 0; row < packed; row++) {
          const from = row * stride + column;
          to.set(dy.values.subarray(from, from + one), row * wide);
        }
        column += one;
      });
      return parts;
    },
  };
}

/** y = x₀ + x₁ + …, from the left. */
function learningAdd({ allocate, capacity }: BuildContext, widths: readonly number[]): LearningLayer {
  const width = widths[0]!;
  const y = allocate(capacity.packed * padded(width));
  return {
    ...nothingToLearn,
    width,
    forward({ packed }, inputs) {
      const length = packed * padded(width);
      const [first, ...rest] = inputs;
      y.values.set(first!.values.subarray(0, length));
      for (const { values } of rest) for (let i = 0; i < length; i++) y.values[i] = y.values[i]! + values[i]!;
      return y;
    },
    backward: (_, dy) => widths.map(() => dy),
  };
}

/** y = x₀ · x₁ · …, from the left. Backward, dxᵢ = dy · the product of the others. */
function learningMultiply({ allocate, capacity }: BuildContext, widths: readonly number[]): LearningLayer {
  const width = widths[0]!;
  const y = allocate(capacity.packed * padded(width));
  const parts = widths.map(() => allocate(capacity.packed * padded(width)));
  let read: readonly Block[] = [];
  return {
    ...nothingToLearn,
    width,
    forward({ packed }, inputs) {
      read = inputs;
      const length = packed * padded(width);
      const [first, ...rest] = inputs;
      y.values.set(first!.values.subarray(0, length));
      for (const { values } of rest) for (let i = 0; i < length; i++) y.values[i] = y.values[i]! * values[i]!;
      return y;
    },
    backward({ packed }, dy) {
      const length = packed * padded(width);
      parts.forEach(({ values: to }, part) => {
        to.set(dy.values.subarray(0, length));
        read.forEach(({ values }, other) => {
          if (other !== part) for (let i = 0; i < length; i++) to[i] = to[i]! * values[i]!;
        });
      });
      return parts;
    },
  };
}
