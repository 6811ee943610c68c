import type { KerasLayer } from '../keras-layer.ts';
import { readNumber } from '../cell-activations.ts';
import { isKeras3 } from '../version.ts';
import type { GraphBuilder, GraphTensor, Mask } from './graph-builder.ts';
import { invalidModel } from '../../format-errors.ts';

// Masks as Keras computes them: booleans, false at a step that is padding.

/** ONNX's numbers of element types. */
export const elementTypes = { float: 1, int64: 7, bool: 9 } as const;

/** Layers that pass the mask of their input on. Every other layer without a rule of its own drops it. */
const passing = new Set([
  'Activation',
  'ActivityRegularization',
  'AlphaDropout',
  'BatchNormalization',
  'Dense',
  'Dropout',
  'ELU',
  'GaussianDropout',
  'GaussianNoise',
  'LayerNormalization',
  'LeakyReLU',
  'PReLU',
  'ReLU',
  'Softmax',
  'SpatialDropout1D',
  'ThresholdedReLU',
]);
export const passesMask = (className: string): boolean => passing.has(className);

/** An Embedding's mask with mask_zero: the ids other than 0. */
export const emitIdMask = (ids: string, rank: number, graph: GraphBuilder): Mask => ({
  value: graph.add('Not', [graph.add('Equal', [ids, graph.wholeNumber(0)])]),
  rank,
});

/** Masking: masked are the steps whose values all equal `mask_value`; they become zeros. */
export function masking({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  if (x.shape.length < 2) invalidModel('needs a sequence, its input is a single row');
  graph.useMask();
  const value = graph.number(readNumber(config, ['mask_value'], 0, 'Masking'));
  const differs = graph.add('Not', [graph.add('Equal', [x.value, value])]);
  const kept = emitAny(differs, -1, 1, graph);
  return {
    value: graph.add('Mul', [x.value, castMask(kept, graph)]),
    shape: x.shape,
    mask: { value: graph.add('Squeeze', [kept], { axes: [-1] }), rank: x.shape.length - 1 },
  };
}

/** Replaces the mask of the first input by the one that is passed as an argument. */
export function applyMaskArgument<Tensor extends GraphTensor>(
  reads: readonly Tensor[],
  graph: GraphBuilder,
): readonly Tensor[] {
  const given = reads.filter(({ argument }) => argument === 'mask');
  const [mask] = given;
  if (!mask) return reads;
  const [x, ...rest] = reads.filter(({ argument }) => argument !== 'mask');
  if (!x || given.length > 1) return invalidModel(`has ${given.length} masks`);
  const value = graph.add('Cast', [mask.value], { to: elementTypes.bool });
  return [{ ...x, mask: { value, rank: mask.shape.length } }, ...rest];
}

/** Whether any boolean along an axis is true. */
export const emitAny = (value: string, axis: number, keepdims: 0 | 1, graph: GraphBuilder): string =>
  graph.add('Cast', [graph.add('ReduceMax', [castMask(value, graph)], { axes: [axis], keepdims })], {
    to: elementTypes.bool,
  });

/** A mask as zeros and ones. */
export const castMask = (mask: string, graph: GraphBuilder): string =>
  graph.add('Cast', [mask], { to: elementTypes.float });

/** Scores [batch, steps, 1] of which those of masked steps are so low that a softmax gives them 0. */
export function emitMaskedScores(scores: string, mask: string, graph: GraphBuilder): string {
  const kept = graph.add('Unsqueeze', [mask], { axes: [2] });
  return graph.add('Where', [kept, scores, graph.number(-1e9)]);
}

/** The mask of inputs that are combined element by element. */
export function combineMasks(reads: readonly GraphTensor[], graph: GraphBuilder): Mask | null {
  const masks = reads.flatMap(({ mask }) => mask ?? []);
  const [first] = masks;
  if (!first) return null;
  // Keras 3: a step is masked where it is masked in all inputs; before: in any
  const inAll = isKeras3(graph);
  if (inAll && masks.length < reads.length) return null;
  if (masks.some(({ rank }) => rank !== first.rank)) invalidModel('its masks have different numbers of axes');
  const value = masks
    .map((mask) => mask.value)
    .reduce((one, other) => graph.add(inAll ? 'Or' : 'And', [one, other]));
  return { value, rank: first.rank };
}

/** The mask of inputs concatenated along an axis of their shapes. */
export function concatenateMasks(
  reads: readonly GraphTensor[],
  axis: number,
  graph: GraphBuilder,
): Mask | null {
  const masks = reads.flatMap(({ mask }) => mask ?? []);
  const [first] = masks;
  if (!first) return null;
  if (masks.some(({ rank }) => rank !== first.rank)) invalidModel('its masks have different numbers of axes');
  const { rank } = first;
  // masked in any input; an input without a mask has none masked
  if (axis >= rank)
    return { value: masks.map(({ value }) => value).reduce((a, b) => graph.add('And', [a, b])), rank };
  const all = reads.map(({ mask, value }) => mask?.value ?? emitFullMask(value, rank, graph));
  return { value: graph.add('Concat', all, { axis: axis + 1 }), rank };
}

/** A mask that masks nothing. */
function emitFullMask(value: string, rank: number, graph: GraphBuilder): string {
  const shape = graph.add('Shape', [value], { start: 0, end: rank + 1 });
  const one = graph.add('Cast', [graph.number(1)], { to: elementTypes.bool });
  return graph.add('Expand', [one, shape]);
}
