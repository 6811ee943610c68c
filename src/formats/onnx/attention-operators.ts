import { invalidModel } from '../format-errors.ts';
import { type Expansion, body, givenInputs, integers, isGiven, node, number } from './function-body.ts';
import type { OnnxNode } from './read-onnx.ts';

// Operators of attention that onnxruntime's optimiser makes (ContribOperators.md), as the operators before.

/** Lower than every score: its weight is 0. */
const lowest = -3.4e38;

/**
 * Self-attention: input [batch, steps, width], weights [width, query + key + value], mask [batch, steps] of 0
 * and 1; y [batch, steps, value].
 */
const attention: Expansion = (given) => {
  const { attributes, outputs } = given;
  const refuse = (what: string): never => invalidModel(`Attention with ${what} is not supported`);
  if (isGiven(given, 4) || isGiven(given, 6) || outputs[1]) refuse('past keys and values');
  if ((attributes.get('do_rotary')?.i ?? 0) !== 0) refuse('rotary embeddings');
  const heads = attributes.get('num_heads')?.i ?? refuse('no number of heads');
  const sizes = attributes.get('qkv_hidden_sizes')?.ints;
  const scale = attributes.get('scale')?.f;
  const split = node('Split', `all${sizes ? ', sizes' : ''} -> q, k, v`, { axis: -1 });
  return body(
    'x, w, b, mask, past, bias -> y',
    node('MatMul', isGiven(given, 2) ? 'x, w -> product' : 'x, w -> all'),
    ...(isGiven(given, 2) ? [node('Add', 'product, b -> all')] : []),
    ...(sizes ? [integers('sizes', ...sizes)] : []),
    split,
    integers('by_head', 0, 0, heads, -1),
    ...['q', 'k', 'v'].flatMap((name) => [
      node('Reshape', `${name}, by_head -> ${name}_split`),
      node('Transpose', `${name}_split -> ${name}_heads`, {
        perm: name === 'k' ? [0, 2, 3, 1] : [0, 2, 1, 3],
      }),
    ]),
    node('MatMul', 'q_heads, k_heads -> products'),
    ...(scale ? [number('factor', scale)] : factorOfHeads),
    node('Mul', 'products, factor -> scores'),
    ...maskNodes(given),
    node('Softmax', 'masked -> weights', { axis: -1 }),
    node('MatMul', 'weights, v_heads -> heads'),
    node('Transpose', 'heads -> side_by_side', { perm: [0, 2, 1, 3] }),
    integers('merged', 0, 0, -1),
    node('Reshape', 'side_by_side, merged -> y'),
  );
};

/** factor = 1 / √(numbers of a head) */
const factorOfHeads: readonly OnnxNode[] = [
  node('Shape', 'q_heads -> head_size', { start: 3 }),
  node('Cast', 'head_size -> head_numbers', { to: 1 }),
  node('Sqrt', 'head_numbers -> head_root'),
  node('Reciprocal', 'head_root -> factor'),
];

/** masked = scores + what hides keys */
function maskNodes(given: OnnxNode): OnnxNode[] {
  const { attributes } = given;
  const nodes: OnnxNode[] = [];
  let scores = 'scores';
  const add = (hidden: string): void => {
    nodes.push(node('Add', `${scores}, ${hidden} -> ${scores}_${hidden}`));
    scores = `${scores}_${hidden}`;
  };
  if (isGiven(given, 5)) add('bias');
  if (isGiven(given, 3)) {
    nodes.push(
      // fails for masks of other dimensions, which mean something else
      node('Transpose', 'mask -> mask_of_keys', { perm: [0, 1] }),
      node('Cast', 'mask_of_keys -> shown', { to: 9 }),
      node('Not', 'shown -> not_shown'),
      node('Cast', 'not_shown -> hidden_keys', { to: 1 }),
      number('filter', attributes.get('mask_filter_value')?.f ?? -10_000),
      node('Mul', 'hidden_keys, filter -> filtered'),
      integers('mask_axes', 1, 2),
      node('Unsqueeze', 'filtered, mask_axes -> key_mask'),
    );
    add('key_mask');
  }
  if ((attributes.get('unidirectional')?.i ?? 0) !== 0) {
    nodes.push(
      number('zero', 0),
      node('Mul', 'scores, zero -> zeros'),
      number('lowest', lowest),
      node('Add', 'zeros, lowest -> lowests'),
      integers('diagonal', 1),
      node('Trilu', 'lowests, diagonal -> later', { upper: 1 }),
    );
    add('later');
  }
  return [...nodes, node('Identity', `${scores} -> masked`)];
}

/** Words, positions and segments summed and normalised; mask_index is the number of unmasked ids. */
const embedLayerNormalization: Expansion = (given) => {
  const inputs = givenInputs(
    given,
    'ids, segments, words, positions, segment_table, scale, shift, mask, position_ids',
  );
  const own = isGiven(given, 8);
  return body(
    `${inputs.join()} -> y, lengths, sum`,
    node('Gather', 'words, ids -> word_rows'),
    ...(own
      ? [node('Gather', 'positions, position_ids -> position_rows')]
      : [
          node('Shape', 'ids -> steps', { start: 1, end: 2 }),
          integers('zero', 0),
          node('Slice', 'positions, zero, steps, zero -> position_rows'),
        ]),
    node('Add', `word_rows, position_rows -> ${isGiven(given, 1) ? 'both' : 'sum'}`),
    ...(isGiven(given, 1)
      ? [node('Gather', 'segment_table, segments -> segment_rows'), node('Add', 'both, segment_rows -> sum')]
      : []),
    node('LayerNormalization', 'sum, scale, shift -> y', {
      epsilon: given.attributes.get('epsilon')?.f ?? 1e-12,
    }),
    ...(isGiven(given, 7)
      ? [integers('one', 1), node('ReduceSum', 'mask, one -> lengths', { keepdims: 0 })]
      : [
          node('Shape', 'ids -> batch', { start: 0, end: 1 }),
          node('ConstantOfShape', 'batch -> zeros'),
          node('Cast', 'zeros -> lengths', { to: 6 }),
        ]),
  );
};

export const attentionOperators: Readonly<Record<string, Expansion>> = {
  'com.microsoft.Attention': attention,
  'com.microsoft.EmbedLayerNormalization': embedLayerNormalization,
};
