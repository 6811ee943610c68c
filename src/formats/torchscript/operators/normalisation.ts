import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import { knownSize, unify } from '../dimensions.ts';
import type { Graph } from '../graph.ts';
import { createTensor, getNode, requireKind, getShape } from '../tensor-values.ts';
import type { Tensor, Value } from '../values.ts';

// Normalisation, and dropout, which does nothing once a network is trained.

/** Over the last axes, whose sizes are given. */
function layerNorm({ graph, ...call }: Call): Value {
  const x = call.tensor('input');
  requireKind(x, 'float');
  const sizes = getShape(x);
  const normalized = call.ints('normalized_shape');
  const first = sizes.length - normalized.length;
  if (first < 0) invalidModel(`normalises ${normalized.length} axes of ${sizes.length}`);
  normalized.forEach((size, i) => unify(sizes[first + i]!, size, 'the sizes of a normalisation'));
  const ones = {
    kind: 'float',
    shape: normalized,
    values: new Float32Array(normalized.reduce((a, b) => a * b, 1)).fill(1),
  } as const;
  const weight = call.optionalTensor('weight');
  const bias = call.optionalTensor('bias');
  const inputs = [
    getNode(x),
    weight ? getNode(weight) : graph.constant(ones),
    ...(bias ? [getNode(bias)] : []),
  ];
  const node = graph.add('LayerNormalization', inputs, {
    axis: first - sizes.length,
    epsilon: call.number('eps', 1e-5),
  });
  return createTensor(node, 'float', sizes);
}

const vector = (graph: Graph, size: number, value: number): string =>
  graph.constant({ kind: 'float', shape: [size], values: new Float32Array(size).fill(value) });

/** x [batch, channels, …], with the mean and variance of training. */
function batchNorm({ graph, ...call }: Call): Value {
  const x = call.tensor('input');
  requireKind(x, 'float');
  const sizes = getShape(x);
  if (call.flag('training', false) || !call.has('running_mean'))
    invalidModel('normalises by the batch: must have running statistics, and be saved after eval()');
  if (sizes.length < 2) invalidModel(`an input of ${sizes.length} dimensions, must have at least 2`);
  const mean = call.tensor('running_mean');
  const size = knownSize(getShape(mean)[0]) ?? invalidModel('the number of channels must be known');
  unify(sizes[1]!, size, 'the channels of the input and of the statistics');
  const [weight, bias] = [call.optionalTensor('weight'), call.optionalTensor('bias')];
  const inputs = [
    getNode(x),
    weight ? getNode(weight) : vector(graph, size, 1),
    bias ? getNode(bias) : vector(graph, size, 0),
    getNode(mean),
    getNode(call.tensor('running_var')),
  ];
  return createTensor(
    graph.add('BatchNormalization', inputs, { epsilon: call.number('eps', 1e-5) }),
    'float',
    sizes,
  );
}

/** A channel's numbers scaled and shifted by its own weight and bias. x [batch, channels, …] */
function scaleChannels(
  graph: Graph,
  node: string,
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
): Tensor {
  const rest = Array<number>(getShape(x).length - 2).fill(1);
  const perChannel = (one: Tensor): string => graph.add('Reshape', [getNode(one), graph.ints([-1, ...rest])]);
  const scaled = weight ? graph.add('Mul', [node, perChannel(weight)]) : node;
  return createTensor(bias ? graph.add('Add', [scaled, perChannel(bias)]) : scaled, 'float', getShape(x));
}

/** Over the groups of channels: each is one channel of an instance normalisation. */
function groupNorm({ graph, ...call }: Call): Value {
  const x = call.tensor('input');
  requireKind(x, 'float');
  if (getShape(x).length < 2)
    invalidModel(`an input of ${getShape(x).length} dimensions, must have at least 2`);
  const groups = call.int('num_groups');
  const grouped = graph.add('Reshape', [getNode(x), graph.ints([0, groups, -1])]);
  const normal = graph.add(
    'InstanceNormalization',
    [grouped, vector(graph, groups, 1), vector(graph, groups, 0)],
    { epsilon: call.number('eps', 1e-5) },
  );
  const back = graph.add('Reshape', [normal, graph.add('Shape', [getNode(x)])]);
  return scaleChannels(graph, back, x, call.optionalTensor('weight'), call.optionalTensor('bias'));
}

function instanceNorm({ graph, ...call }: Call): Value {
  const x = call.tensor('input');
  requireKind(x, 'float');
  if (!call.flag('use_input_stats', true)) return batchNorm({ graph, ...call });
  const sizes = getShape(x);
  const size = knownSize(sizes[1]) ?? invalidModel('the number of channels must be known');
  const normal = graph.add(
    'InstanceNormalization',
    [getNode(x), vector(graph, size, 1), vector(graph, size, 0)],
    { epsilon: call.number('eps', 1e-5) },
  );
  return scaleChannels(graph, normal, x, call.optionalTensor('weight'), call.optionalTensor('bias'));
}

/** The module is served as after eval(), so `training` is false unless the code says otherwise. */
function dropout(call: Call): Value {
  if (call.flag('train', false) && call.number('p', 0.5) > 0)
    invalidModel('drops values at random: the module must be traced after eval()');
  return call.tensor('input');
}

export const normalisationOperators: OperatorTable = {
  layer_norm: ['input normalized_shape weight bias eps cudnn_enable', layerNorm],
  batch_norm: ['input weight bias running_mean running_var training momentum eps cudnn_enabled', batchNorm],
  group_norm: ['input num_groups weight bias eps cudnn_enabled', groupNorm],
  instance_norm: [
    'input weight bias running_mean running_var use_input_stats momentum eps cudnn_enabled',
    instanceNorm,
  ],
  ...Object.fromEntries(
    ['dropout', 'feature_dropout', 'alpha_dropout', 'feature_alpha_dropout'].map((name) => [
      name,
      ['input p train', dropout] as const,
    ]),
  ),
};
