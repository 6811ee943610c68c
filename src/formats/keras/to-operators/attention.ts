import type { Tensor } from '../../../network/weights.ts';
import { invalidModel, quote } from '../../format-errors.ts';
import { requireWeights } from '../weight-layout.ts';
import type { KerasLayer } from '../keras-layer.ts';
import {
  formatShape,
  requireSequence,
  useStepMask,
  type GraphBuilder,
  type GraphTensor,
} from './graph-builder.ts';
import { castMask, elementTypes } from './masks.ts';
import { requireShape } from './windows.ts';

// Attention: queries [batch, steps, width] over values [batch, steps of the values, width], weighted by a softmax of
// scores of each query and key.

interface Attended {
  readonly query: GraphTensor;
  readonly value: GraphTensor;
  readonly key: GraphTensor;
}

/** Names the inputs: by their arguments, the others in the order query, value, key. */
function nameInputs(reads: readonly GraphTensor[]): Attended {
  const order = ['query', 'value', 'key'];
  const named = new Map<string, GraphTensor>();
  reads.forEach((read, i) => named.set(read.argument ?? order[i] ?? '', read));
  const [query, value] = [named.get('query'), named.get('value')];
  const unknown = [...named.keys()].find((name) => !order.includes(name));
  if (unknown !== undefined) invalidModel(`has the argument ${quote(unknown)}, which is not supported`);
  if (!query || !value || named.size !== reads.length)
    return invalidModel(`has ${reads.length} inputs, must have a query and a value, and may have a key`);
  for (const { shape } of reads)
    if (shape.length !== 2) invalidModel(`one of its inputs is ${formatShape(shape)}`);
  return { query, value, key: named.get('key') ?? value };
}

const returnsScores = ({ options, config }: KerasLayer): boolean =>
  (options?.['return_attention_scores'] ?? config['return_attention_scores']) === true;
const isCausal = ({ options, config }: KerasLayer): boolean =>
  (options?.['use_causal_mask'] ?? config['causal']) === true;

/** Attention, with dot products as scores or, as AdditiveAttention, sums of tanh. */
export function attention(
  layer: KerasLayer,
  reads: readonly GraphTensor[],
  graph: GraphBuilder,
): readonly GraphTensor[] {
  const inputs = nameInputs(reads);
  const { query, value, key } = inputs;
  const scores = emitScores(layer, inputs, graph);
  const mask = emitAnd(
    [emitKeyMask(value, graph), isCausal(layer) ? emitCausal(query, key, graph) : null],
    graph,
  );
  const weights = emitWeights(scores, mask, graph);
  const product = graph.add('MatMul', [weights, value.value]);
  const queryMask = useStepMask(query, graph);
  // rows of masked queries are zeros
  const kept = queryMask && graph.add('Unsqueeze', [castMask(queryMask, graph)], { axes: [2] });
  const y = {
    value: kept === null ? product : graph.add('Mul', [product, kept]),
    shape: [query.shape[0]!, value.shape[1]!],
    mask: query.mask ?? null,
  };
  const scoreShape = [query.shape[0]!, value.shape[0]!];
  return returnsScores(layer) ? [y, { value: weights, shape: scoreShape }] : [y];
}

/** [batch, queries, keys] */
function emitScores(layer: KerasLayer, { query, key }: Attended, graph: GraphBuilder): string {
  const { className, config } = layer;
  const isAdditive = className === 'AdditiveAttention';
  const mode = config['score_mode'] ?? 'dot';
  if (mode !== 'dot' && mode !== 'concat')
    invalidModel(`score_mode ${quote(mode)}, must be "dot" or "concat"`);
  const hasScale = (config['use_scale'] ?? isAdditive) === true;
  const concatenates = !isAdditive && mode === 'concat';
  const weights = requireWeights(layer, Number(hasScale) + Number(concatenates));
  const scale = hasScale ? graph.constant(weights[0]!) : null;
  if (!isAdditive && !concatenates) {
    const transposed = graph.add('Transpose', [key.value], { perm: [0, 2, 1] });
    const product = graph.add('MatMul', [query.value, transposed]);
    return scale === null ? product : graph.add('Mul', [product, scale]);
  }
  const sum = graph.add('Add', [
    graph.add('Unsqueeze', [query.value], { axes: [2] }),
    graph.add('Unsqueeze', [key.value], { axes: [1] }),
  ]);
  const reduce = (value: string): string => graph.add('ReduceSum', [value], { axes: [3], keepdims: 0 });
  if (isAdditive) {
    const bent = graph.add('Tanh', [sum]);
    return reduce(scale === null ? bent : graph.add('Mul', [bent, scale]));
  }
  const bent = graph.add('Tanh', [scale === null ? sum : graph.add('Mul', [sum, scale])]);
  return graph.add('Mul', [reduce(bent), graph.constant(weights.at(-1)!)]);
}

/**
 * MultiHeadAttention. Kernels of query, key and value [width, heads, size] with biases [heads, size], of the
 * output [heads, size, units] with the bias [units].
 */
export function multiHeadAttention(
  layer: KerasLayer,
  reads: readonly GraphTensor[],
  graph: GraphBuilder,
): readonly GraphTensor[] {
  const { config } = layer;
  if (config['attention_axes'] !== undefined && config['attention_axes'] !== null)
    requireAxes(config['attention_axes']);
  const inputs = nameInputs(reads);
  const { query, value, key } = inputs;
  const biased = config['use_bias'] !== false;
  const weights = requireWeights(layer, biased ? 8 : 4);
  const part = (i: number): { kernel: Tensor; bias: Tensor | undefined } =>
    biased ? { kernel: weights[2 * i]!, bias: weights[2 * i + 1] } : { kernel: weights[i]!, bias: undefined };
  const [q, k, v] = [query, key, value].map((one, i) => emitHeads(one, part(i), graph));
  const size = part(0).kernel.shape[2]!;
  const product = graph.add('MatMul', [q!, graph.add('Transpose', [k!], { perm: [0, 1, 3, 2] })]);
  const scores = graph.add('Mul', [product, graph.number(1 / Math.sqrt(size))]);
  const queryMask = useStepMask(query, graph);
  const mask = emitAnd(
    [
      queryMask && graph.add('Unsqueeze', [queryMask], { axes: [2] }),
      emitKeyMask(value, graph),
      key === value ? null : emitKeyMask(key, graph),
      (layer.options?.['use_causal_mask'] ?? false) === true ? emitCausal(query, key, graph) : null,
    ],
    graph,
  );
  const perHead = mask && graph.add('Unsqueeze', [mask], { axes: [1] });
  const attended = emitWeights(scores, perHead, graph);
  const heads = graph.add('Transpose', [graph.add('MatMul', [attended, v!])], { perm: [0, 2, 1, 3] });
  const { kernel, bias } = part(3);
  const [count = 0, width = 0, units = 0] = kernel.shape;
  requireShape(kernel, [part(2).kernel.shape[1]!, part(2).kernel.shape[2]!, units]);
  const joined = graph.add('Reshape', [heads, graph.numbers([0, 0, count * width])]);
  const y = emitLinear(joined, { shape: [count * width, units], values: kernel.values }, bias, graph);
  const result = { value: y, shape: [query.shape[0]!, units], mask: query.mask ?? null };
  const scoreShape = [count, query.shape[0]!, key.shape[0]!];
  return returnsScores(layer) ? [result, { value: attended, shape: scoreShape }] : [result];
}

function requireAxes(axes: unknown): void {
  if (!Array.isArray(axes) || axes.length !== 1 || axes[0] !== 1)
    invalidModel(`attention_axes ${quote(axes)}, must be those of the steps`);
}

/** Projects a sequence to its heads: [batch, heads, steps, size]. */
function emitHeads(
  x: GraphTensor,
  { kernel, bias }: { kernel: Tensor; bias: Tensor | undefined },
  graph: GraphBuilder,
): string {
  const { width } = requireSequence(x);
  const [, heads = 0, size = 0] = kernel.shape;
  requireShape(kernel, [width, heads, size]);
  if (bias) requireShape(bias, [heads, size]);
  const y = emitLinear(x.value, { shape: [width, heads * size], values: kernel.values }, bias, graph);
  const split = graph.add('Reshape', [y, graph.numbers([0, 0, heads, size])]);
  return graph.add('Transpose', [split], { perm: [0, 2, 1, 3] });
}

function emitLinear(x: string, kernel: Tensor, bias: Tensor | undefined, graph: GraphBuilder): string {
  const product = graph.add('MatMul', [x, graph.constant(kernel)]);
  if (!bias) return product;
  return graph.add('Add', [product, graph.constant({ shape: [bias.values.length], values: bias.values })]);
}

/** A softmax of scores; those that are masked have no weight, unless all of them are masked. */
function emitWeights(scores: string, mask: string | null, graph: GraphBuilder): string {
  const kept = mask === null ? scores : graph.add('Where', [mask, scores, graph.number(-1e9)]);
  return graph.add('Softmax', [kept], { axis: -1 });
}

/** [batch, 1, keys] */
function emitKeyMask(keys: GraphTensor, graph: GraphBuilder): string | null {
  const mask = useStepMask(keys, graph);
  return mask && graph.add('Unsqueeze', [mask], { axes: [1] });
}

/** A query attends to the keys up to its own step: [1, queries, keys]. */
function emitCausal(query: GraphTensor, key: GraphTensor, graph: GraphBuilder): string {
  const sizes = [
    graph.numbers([1]),
    ...[query, key].map(({ value }) => graph.add('Shape', [value], { start: 1, end: 2 })),
  ];
  const ones = graph.add('Expand', [graph.number(1), graph.add('Concat', sizes, { axis: 0 })]);
  return graph.add('Cast', [graph.add('Trilu', [ones], { upper: 0 })], { to: elementTypes.bool });
}

function emitAnd(masks: readonly (string | null)[], graph: GraphBuilder): string | null {
  const given = masks.filter((mask) => mask !== null);
  return given.length === 0 ? null : given.reduce((one, other) => graph.add('And', [one, other]));
}
