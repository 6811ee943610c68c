import type { GraphCase, GraphDraft } from './draw-graph.ts';

// onnxruntime's fused operators as they appear around recurrent ones.

const microsoft = { domain: 'com.microsoft' };

export function fusedProducts(g: GraphDraft): GraphCase {
  const [rows, inner, columns] = [g.whole(1, 5), g.whole(1, 9), g.whole(1, 7)];
  const kind = g.one(['FusedMatMul', 'FusedGemm', 'FusedConv'] as const);
  const flip = (turned: boolean, [a, b]: readonly [number, number]): [number, number] =>
    turned ? [b, a] : [a, b];
  const [transA, transB] = [g.chance(), g.chance()];
  const activation = g.one(['Relu', 'Tanh', 'Sigmoid', 'LeakyRelu', 'HardSigmoid'] as const);
  if (kind === 'FusedMatMul') {
    const before = g.one([[], [2], [2, 3]]);
    const a = g.floatInput(...before, ...flip(transA, [rows, inner]));
    const b = g.floats(...(g.chance() ? before : []), ...flip(transB, [inner, columns]));
    const y = g.op(
      kind,
      [a, b],
      { transA: Number(transA), transB: Number(transB), alpha: { float: g.one([1, 0.3]) } },
      microsoft,
    );
    return g.finish(kind, { [y]: 'float32' });
  }
  if (kind === 'FusedGemm') {
    const c = g.chance() ? g.floats(...g.one([[columns], [rows, 1], [rows, columns]])) : '';
    const y = g.op(
      kind,
      [g.floatInput(...flip(transA, [rows, inner])), g.floats(...flip(transB, [inner, columns])), c],
      {
        ...{ transA: Number(transA), transB: Number(transB), alpha: { float: 0.7 }, beta: { float: 1.5 } },
        ...{ activation, activation_alpha: { float: 0.2 }, activation_beta: { float: 0.4 } },
      },
      microsoft,
    );
    return g.finish(`${kind} ${activation}`, { [y]: 'float32' });
  }
  const size = g.whole(1, 3);
  const [length, pads] = [g.whole(4, 9), g.whole(0, 1)];
  const added = g.chance() ? g.floats(2, columns, length + 2 * pads - size + 1) : '';
  const parameters = { LeakyRelu: [0.2], HardSigmoid: [0.3, 0.4], Relu: [], Tanh: [], Sigmoid: [] }[
    activation
  ];
  const bias = g.chance() || added !== '' ? g.floats(columns) : '';
  const y = g.op(
    kind,
    [g.floatInput(2, inner, length), g.floats(columns, inner, size), bias, added],
    {
      ...{ kernel_shape: [size], pads: [pads, pads], activation },
      ...(parameters.length > 0 && { activation_params: Float32Array.from(parameters) }),
    },
    microsoft,
  );
  return g.finish(`${kind} ${activation}`, { [y]: 'float32' });
}

export function fusedNorms(g: GraphDraft): GraphCase {
  const [batch, steps, width] = [g.whole(1, 3), g.whole(1, 5), g.whole(2, 9)];
  const x = g.floatInput(batch, steps, width);
  const optional = (...shape: number[]): string => (g.chance() ? g.floats(...shape) : '');
  const kind = g.one([
    'SkipLayerNormalization',
    'SkipSimplifiedLayerNormalization',
    'SimplifiedLayerNormalization',
  ] as const);
  if (kind === 'SimplifiedLayerNormalization') {
    const y = g.op(kind, [x, g.floats(width)], { epsilon: { float: 1e-4 }, axis: -1 });
    return g.finish(kind, { [y]: 'float32' }, 17);
  }
  const inputs = [x, g.floatInput(batch, steps, width), g.floats(width)];
  if (kind === 'SkipLayerNormalization') inputs.push(optional(width));
  g.op(kind, [...inputs, optional(width)], g.chance() ? { epsilon: { float: 1e-3 } } : {}, {
    ...microsoft,
    outputs: 4,
  });
  const [y, , , sum] = g.outputs();
  return g.finish(kind, { [y!]: 'float32', [sum!]: 'float32' });
}

export function embedLayerNormalization(g: GraphDraft): GraphCase {
  const [batch, steps, width] = [g.whole(1, 3), g.whole(1, 5), g.whole(2, 9)];
  const ids = (most: number): string => g.input('int32', [batch, steps], () => g.whole(0, most));
  const [words, positions] = [g.floats(11, width), g.floats(steps + g.whole(0, 3), width)];
  const segments = g.chance();
  const [x, s] = [ids(10), segments ? ids(1) : ''];
  const [scale, shift] = [g.floats(width), g.floats(width)];
  const mask = g.chance() ? g.input('int32', [batch, steps], () => g.whole(0, 1)) : '';
  const own = g.chance() ? ids(steps - 1) : '';
  const inputs = [x, s, words, positions, segments ? g.floats(2, width) : '', scale, shift, mask, own];
  g.op('EmbedLayerNormalization', inputs, {}, { ...microsoft, outputs: 2 });
  const [y, lengths] = g.outputs();
  return g.finish('EmbedLayerNormalization', { [y!]: 'float32', [lengths!]: 'int32' });
}

export function attention(g: GraphDraft): GraphCase {
  const [batch, steps, heads, size] = [g.whole(1, 3), g.whole(1, 6), g.whole(1, 3), g.whole(1, 4)];
  const [width, own] = [g.whole(2, 7), heads * size];
  const x = g.floatInput(batch, steps, width);
  const weights = g.floats(width, 3 * own);
  const bias = g.floats(3 * own);
  // with every key masked only the rounding of the scores is left
  let at = 0;
  const mask = g.chance()
    ? g.input('int32', [batch, steps], () => (at++ % steps === 0 || g.chance() ? 1 : 0))
    : '';
  const y = g.op(
    'Attention',
    [x, weights, bias, mask],
    {
      num_heads: heads,
      ...(g.chance() && { unidirectional: 1 }),
      ...(g.chance(0.3) && { scale: { float: 0.4 } }),
      ...(g.chance(0.3) && { qkv_hidden_sizes: [own, own, own] }),
    },
    microsoft,
  );
  return g.finish('Attention', { [y]: 'float32' });
}

export function activations(g: GraphDraft): GraphCase {
  const shape = [g.whole(1, 3), g.whole(2, 9)];
  const x = g.input('float32', shape, () => Math.fround(g.whole(-400, 400) / 90));
  const bias = g.floats(shape[1]!);
  const [operator, inputs, domain] = g.one([
    ['Gelu', [x], 'com.microsoft'],
    ['QuickGelu', [x], 'com.microsoft'],
    ['BiasGelu', [x, bias], 'com.microsoft'],
    ['FastGelu', g.chance() ? [x] : [x, bias], 'com.microsoft'],
    ['Gelu', [x], ''],
    ['Mish', [x], ''],
    ['IsInf', [g.op('Div', [x, g.constant(Float32Array.of(0), [])])], ''],
  ] as const);
  const y = g.op(operator, inputs, operator === 'IsInf' ? { detect_negative: g.whole(0, 1) } : {}, {
    domain,
  });
  return g.finish(`${domain} ${operator}`, { [y]: operator === 'IsInf' ? 'bool' : 'float32' });
}
