import type { KerasLayer } from '../keras-layer.ts';
import { readNumber } from '../cell-activations.ts';
import { isKeras3 } from '../version.ts';
import type { GraphBuilder, GraphTensor, Mask } from './graph-builder.ts';
import { invalidModel, quote } from '../../format-errors.ts';

// Masks as Keras computes them: booleans, false at a step that is padding.

/** ONNX's numbers of element types. */
export const elementTypes = { float: 1, int64: 7, bool: 9, float16: 10, double: 11 } as const;

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
  'GroupNormalization',
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
export const emitIdMask = (ids: GraphTensor, graph: GraphBuilder): Mask => ({
  value: emitNotEqual(ids, 0, graph),
  rank: ids.shape.length,
});

/** Whether each number differs from a value. */
export function emitNotEqual({ value, input }: GraphTensor, other: number, graph: GraphBuilder): string {
  const isWhole = input?.datatype.startsWith('FP') === false;
  const constant = isWhole ? graph.wholeNumber(other) : graph.number(other);
  return graph.add('Not', [graph.add('Equal', [value, constant])]);
}

/** Masking: masked are the steps whose values all equal `mask_value`; they become zeros. */
export function masking({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  if (x.shape.length < 2) invalidModel('needs a sequence, its input is a single row');
  graph.useMask();
  const differs = emitNotEqual(x, readNumber(config, ['mask_value'], 0, 'Masking'), graph);
  const mask = emitAny(differs, x.shape.length, graph);
  const kept = graph.add('Unsqueeze', [castMask(mask, graph)], { axes: [-1] });
  return {
    value: graph.add('Mul', [x.value, kept]),
    shape: x.shape,
    mask: { value: mask, rank: x.shape.length - 1 },
  };
}

const maskArguments = new Set(['mask', 'query_mask', 'value_mask', 'key_mask']);

/**
 * Applies masks that are passed as arguments: `mask` replaces that of the first input. Keras 3 passes the inputs'
 * own masks, too.
 * @throws UnrollError invalid_model for others
 */
export function applyMaskArguments<Tensor extends GraphTensor>(
  { className }: KerasLayer,
  reads: readonly Tensor[],
  graph: GraphBuilder,
): readonly Tensor[] {
  const isMask = ({ argument }: Tensor): boolean => argument !== undefined && maskArguments.has(argument);
  const own = new Set(reads.map(({ mask }) => mask?.value));
  const given = reads.filter((one) => isMask(one) && !own.has(one.value));
  const [x, ...rest] = reads.filter((one) => !isMask(one));
  const [mask] = given;
  if (!x || !mask) return x ? [x, ...rest] : reads;
  if (given.length > 1 || mask.argument !== 'mask' || className.endsWith('Attention'))
    invalidModel(`has the argument ${quote(mask.argument)}, which is not supported`);
  const value = mask.isBoolean ? mask.value : graph.add('Cast', [mask.value], { to: elementTypes.bool });
  return [{ ...x, mask: { value, rank: mask.shape.length } }, ...rest];
}

/** Whether any boolean along an axis is true, or all of them are. */
export const emitAny = (
  value: string,
  axis: number,
  graph: GraphBuilder,
  reduction: 'ReduceMax' | 'ReduceMin' = 'ReduceMax',
): string =>
  graph.add('Cast', [graph.add(reduction, [castMask(value, graph)], { axes: [axis], keepdims: 0 })], {
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
  // over the features: Keras 3 as for other merges, before: masked in any input
  if (axis >= rank) return combineMasks(reads, graph);
  const all = reads.map(({ mask, value }) => mask?.value ?? emitFullMask(value, rank, graph));
  return { value: graph.add('Concat', all, { axis: axis + 1 }), rank };
}

/** A mask that masks nothing. */
function emitFullMask(value: string, rank: number, graph: GraphBuilder): string {
  const shape = graph.add('Shape', [value], { start: 0, end: rank + 1 });
  const one = graph.add('Cast', [graph.number(1)], { to: elementTypes.bool });
  return graph.add('Expand', [one, shape]);
}
