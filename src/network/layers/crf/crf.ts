import { z } from 'zod';
import { isLinear } from '../dense/dense.ts';
import { placed } from '../fields.ts';
import type { LayerKind, LayerNode } from '../layer-kind.ts';

/**
 * A conditional random field: a label's score depends on the one before it. Only as the last layer of `tag`.
 */
const schema = z.strictObject({ type: z.literal('crf'), ...placed });
type CrfSpec = z.infer<typeof schema>;

/** transitions [from, to], start and end [labels] */
export interface CrfTensors {
  readonly transitions: string;
  readonly start: string;
  readonly end: string;
}
export type CrfNode = LayerNode<CrfSpec, CrfTensors>;

/** Its rows are its input's scores: decoding and the loss read whole sequences of them (decoding/crf). */
export const crf = {
  schema,
  describe: () => 'linear chain',

  resolve(layer, { name, inputs, inputWidths, before, isLast, fail }): CrfNode {
    const labels = inputWidths[0]!;
    if (!isLast) fail('a crf must be the last layer');
    if (!isLinear(before)) fail('a crf must read a dense layer that is linear');
    const tensors = { transitions: `${name}.transitions`, start: `${name}.start`, end: `${name}.end` };
    const shapes = [
      [tensors.transitions, [labels, labels]],
      [tensors.start, [labels]],
      [tensors.end, [labels]],
    ] as const;
    return { name, inputs, inputWidths, type: 'crf', width: labels, layer, tensors, shapes };
  },

  compile: (): null => null,
  reference: (_, { inputs }) => inputs[0]!,
  initialise: (_, [, shape]) => new Float32Array(shape.reduce((product, size) => product * size, 1)),
} satisfies LayerKind<CrfSpec, CrfNode>;
