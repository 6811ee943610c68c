import type { Tensor } from '../../network/weights.ts';
import type { Affine, LayerDraft, Rows } from './layer-draft.ts';
import type { RaiseContext } from './raise-context.ts';

// y = scale · x + shift, column by column: normalisation by constants, BatchNormalization. It is folded into the layer
// before it or into the products after it, else it is a layer of its own.

/**
 * Shifts above this are computed where the graph computes them: folded, they would cancel in a sum of products, with an
 * error in proportion to the shift.
 */
const maxFoldedShift = 16;

const isConvActivation = (name: string): boolean => ['linear', 'relu', 'tanh', 'sigmoid'].includes(name);

/** Adds a dense layer, y = W x + b. weight [units, width] */
export function dense(
  name: string,
  x: Rows,
  weight: Tensor,
  bias: Float32Array | null,
  { draft }: Pick<RaiseContext, 'draft'>,
): Rows {
  const [units = 0] = weight.shape;
  const read = foldInto(draft, x, [[weight, { shape: [units], values: bias ?? new Float32Array(units) }]]);
  const [tensors] = read.products;
  const layer = draft.add(
    name,
    { type: 'dense', units, activation: 'linear' },
    [read.layer],
    [
      ['weight', tensors![0]],
      ['bias', tensors![1]],
    ],
  );
  return { layer, end: null };
}

/**
 * Applies y = activation(scale · x + shift) per column: folded into the preceding dense layer or convolution when
 * nothing else uses that; else left to what reads it where there is no activation; else a new layer.
 */
export function affine(
  name: string,
  x: Rows,
  { scale, shift }: Affine,
  context: Pick<RaiseContext, 'draft' | 'hasSingleReader'>,
  activation = 'linear',
): Rows {
  const { draft } = context;
  const before = draft.layer(x.layer);
  const canFold =
    (before['type'] === 'dense' || (before['type'] === 'conv1d' && isConvActivation(activation))) &&
    before['activation'] === 'linear' &&
    context.hasSingleReader(x.layer) &&
    x.end === null &&
    !x.affine;
  if (canFold) {
    before['activation'] = activation;
    const [weight, bias] = [draft.tensor(`${x.layer}.weight`), draft.tensor(`${x.layer}.bias`)];
    const inner = weight.values.length / scale.length;
    draft.setTensor(`${x.layer}.weight`, {
      shape: weight.shape,
      values: weight.values.map((value, i) => value * scale[Math.floor(i / inner)]!),
    });
    draft.setTensor(`${x.layer}.bias`, {
      shape: bias.shape,
      values: bias.values.map((value, k) => value * scale[k]! + shift[k]!),
    });
    return x;
  }
  const own = { scale, shift };
  const joined = x.affine ? join(x.affine, own) : own;
  // what would cancel is computed one after the other
  const rows: Rows =
    !x.affine || isSmall(joined)
      ? { ...x, affine: joined }
      : { layer: draft.resolveRows(x), end: null, affine: own };
  if (activation === 'linear') return rows;
  const layer = draft.resolveRows(rows, name);
  draft.layer(layer)['activation'] = activation;
  return { layer, end: null };
}

/** Two of them one after the other as one. */
const join = (first: Affine, second: Affine): Affine => ({
  scale: first.scale.map((value, k) => value * second.scale[k]!),
  shift: first.shift.map((value, k) => value * second.scale[k]! + second.shift[k]!),
});

const isSmall = ({ shift }: Affine): boolean => shift.every((value) => Math.abs(value) <= maxFoldedShift);

/**
 * Folds what is left to do to rows into the products that read them: W (s · x + t) + b = (W s) x + (W t + b).
 * @param products weight [units, width], bias [units]
 * @returns the layer that the products then read
 */
export function foldInto(
  draft: LayerDraft,
  x: Rows,
  products: readonly (readonly [weight: Tensor, bias: Tensor])[],
): { readonly layer: string; readonly products: readonly (readonly [weight: Tensor, bias: Tensor])[] } {
  const { affine: own } = x;
  if (!own || !isSmall(own)) return { layer: draft.resolveRows(x), products };
  const { scale, shift } = own;
  const width = scale.length;
  return {
    layer: draft.resolveRows({ ...x, affine: undefined }),
    products: products.map(([weight, bias]) => [
      { shape: weight.shape, values: weight.values.map((value, i) => value * scale[i % width]!) },
      {
        shape: bias.shape,
        values: bias.values.map((value, unit) =>
          shift.reduce((sum, one, k) => sum + weight.values[unit * width + k]! * one, value),
        ),
      },
    ]),
  };
}
