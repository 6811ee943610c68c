import { z } from 'zod';
import { emitLinear } from '../../../kernel/emit/linear.ts';
import { activation } from '../../../kernel/reference/activations.ts';
import { placed, units } from '../fields.ts';
import type { LayerKind, LayerNode, Rows } from '../layer-kind.ts';
import { placeMatrix } from '../place-matrix.ts';
import { emitWindows } from './emit.ts';
import type { CompiledConv1d } from './run.ts';

// A convolution over time: a window of steps through one matrix. Tensors: weight [units, in, kernel], bias
// [units].

const schema = z.strictObject({
  type: z.literal('conv1d'),
  ...placed,
  units,
  kernel: z.int().min(1).max(128),
  dilation: z.int().min(1).max(1024).default(1),
  /**
   * causal: a window ends at its step, and the state keeps its earlier inputs. same: it is centred, and so
   * reads ahead.
   */
  padding: z.enum(['causal', 'same']).default('causal'),
  activation: z.enum(['linear', 'relu', 'tanh', 'sigmoid']).default('linear'),
});
type Conv1dSpec = z.infer<typeof schema>;
export type Conv1dNode = LayerNode<Conv1dSpec, { readonly weight: string; readonly bias: string }>;

/** Maximum inputs that a convolution keeps of a sequence. */
const maxStepsBack = 4096;

/**
 * Steps from a window's begin to its own step; a centred one of even length reads one step less back than
 * ahead.
 */
export function stepsBehind({
  kernel,
  dilation,
  padding,
}: Pick<Conv1dSpec, 'kernel' | 'dilation' | 'padding'>): number {
  const all = (kernel - 1) * dilation;
  return padding === 'causal' ? all : Math.floor(all / 2);
}

export const conv1d = {
  schema,
  inputEvidence: () => ({ from: 'tensor', suffix: '.weight', dimensions: 3 }),
  looksAhead: ({ padding, kernel }) => padding === 'same' && kernel > 1,
  describe: ({ padding, kernel, dilation, activation: own }) =>
    `${padding}, ${kernel} steps${dilation > 1 ? ` ${dilation} apart` : ''}, ${own}`,

  resolve(layer, { name, inputs, inputWidths, fail }): Conv1dNode {
    const back = (layer.kernel - 1) * layer.dilation;
    if (back > maxStepsBack) fail(`its windows are ${back + 1} steps long, the limit is ${maxStepsBack + 1}`);
    const tensors = { weight: `${name}.weight`, bias: `${name}.bias` };
    const shapes = [
      [tensors.weight, [layer.units, inputWidths[0]!, layer.kernel]],
      [tensors.bias, [layer.units]],
    ] as const;
    return { name, inputs, inputWidths, type: 'conv1d', width: layer.units, layer, tensors, shapes };
  },

  compile({ layer, tensors }, { e, place, tensor, inputWidths }): CompiledConv1d {
    const { kernel: taps, dilation, padding } = layer;
    const inner = inputWidths[0]!;
    const behind = stepsBehind(layer);
    const byStep = (name: string): Float32Array =>
      name === tensors.weight ? stepByStep(tensor(name), inner, taps) : tensor(name);
    return {
      kind: 'conv1d',
      windows: emitWindows(e, { taps, width: inner }),
      linear: emitLinear(e, { inner: taps * inner, columns: layer.units, activation: layer.activation }),
      ...placeMatrix({ place, tensor: byStep }, tensors, { inner: taps * inner, columns: layer.units }),
      taps,
      dilation,
      behind,
      history: padding === 'causal' ? behind : 0,
      inner,
      units: layer.units,
    };
  },

  reference({ layer, tensors }, { inputs: [x = []], tensor }) {
    const sums = convolve(x, tensor(tensors.weight), tensor(tensors.bias), layer);
    return sums.map((row) => row.map(activation[layer.activation]));
  },
} satisfies LayerKind<Conv1dSpec, Conv1dNode, CompiledConv1d>;

/** [units, in, taps] → [units, taps, in] */
function stepByStep(weight: Float32Array, inner: number, taps: number): Float32Array {
  const reordered = new Float32Array(weight.length);
  for (let unit = 0; unit < weight.length / (inner * taps); unit++)
    for (let k = 0; k < inner; k++)
      for (let tap = 0; tap < taps; tap++)
        reordered[(unit * taps + tap) * inner + k] = weight[(unit * inner + k) * taps + tap]!;
  return reordered;
}

/** y_t = b + Σ_j W_j x_{t − behind + j·dilation}, with zeros where there is no step. */
function convolve(x: Rows, w: ArrayLike<number>, b: ArrayLike<number>, layer: Conv1dSpec): Rows {
  const { kernel, dilation } = layer;
  const behind = stepsBehind(layer);
  return x.map((row, t) =>
    Float64Array.from({ length: b.length }, (_, unit) => {
      let sum = b[unit]!;
      for (let tap = 0; tap < kernel; tap++) {
        const read = x[t - behind + tap * dilation];
        if (read)
          for (let k = 0; k < row.length; k++) sum += w[(unit * row.length + k) * kernel + tap]! * read[k]!;
      }
      return sum;
    }),
  );
}
