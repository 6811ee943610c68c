import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/formats/keras/keras-config.ts';
import { convertModel } from '../../../src/formats/keras/convert-model.ts';
import { kerasToSignedGraph } from '../../../src/formats/keras/keras-to-signed-graph.ts';
import type { Tensor } from '../../../src/network/weights.ts';
import { randomNumbers } from '../../network/random-network.ts';
import { runLayer, weighValues, type AttentionOptions, type Rows } from '../../reference/reference-keras.ts';
import { connectLayers, type GivenLayer } from './connect-layers.ts';
import { evaluateGraph } from './evaluate-graph.ts';

// Attention layers and ConvLSTM1D, beside references of Keras' own semantics.

const random = randomNumbers(3);
const matrix = (rows: number, columns: number): number[][] =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.fround(random())));
const tensor = (shape: readonly number[], values: readonly (number | readonly number[])[]): Tensor => ({
  shape,
  values: Float32Array.from(values.flat()),
});
const input = (name: string, width: number): GivenLayer => ({
  className: 'InputLayer',
  name,
  config: { batch_shape: [null, null, width] },
});
const masking = (of: string): GivenLayer => ({
  className: 'Masking',
  name: `${of}-masked`,
  config: { mask_value: 0 },
  inputs: [of],
});

/** Runs a layer over queries and values, whose rows of zeros are masked. */
function attend(
  layer: GivenLayer,
  query: Rows,
  value: Rows,
  inputs: NonNullable<GivenLayer['inputs']> = ['query-masked', 'value-masked'],
): number[][] {
  const model = connectLayers([
    input('query', query[0]!.length),
    input('value', value[0]!.length),
    masking('query'),
    masking('value'),
    { ...layer, inputs },
  ]);
  const [output] = evaluateGraph(kerasToSignedGraph(convertModel(model)), [[query], [value]]);
  const width = output!.shape.at(-1)!;
  return query.map((_, t) => output!.values.slice(t * width, (t + 1) * width));
}
function expectClose(got: Rows, want: Rows): void {
  got.forEach((row, t) => row.forEach((value, k) => expect(value).toBeCloseTo(want[t]![k]!, 6)));
}

const width = 3;
const zeroed = (rows: Rows, mask: readonly boolean[]): Rows =>
  rows.map((row, t) => (mask[t] ? row : row.map(() => 0)));
const cases: readonly (readonly [
  string,
  AttentionOptions & { queryMask: boolean[]; valueMask: boolean[] },
])[] = [
  ['nothing masked', { queryMask: [true, true, true, true], valueMask: [true, true, true, true, true] }],
  ['padding', { queryMask: [true, true, false, false], valueMask: [false, true, false, true, true] }],
  [
    'all values masked',
    { queryMask: [true, true, true, false], valueMask: [false, false, false, false, false] },
  ],
];
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, k) => sum + value * b[k]!, 0);

describe.each(cases)('with %s', (_, options) => {
  const query = zeroed(matrix(4, width), options.queryMask);
  const value = zeroed(matrix(5, width), options.valueMask);
  const scores = (score: (q: readonly number[], k: readonly number[]) => number): Rows =>
    query.map((q) => value.map((k) => score(q, k)));

  it.each([false, true])('Attention weighs values by dot products, causal %s', (causal) => {
    const scale = 1.5;
    const layer = {
      className: 'Attention',
      config: { use_scale: true },
      options: { use_causal_mask: causal },
      weights: [tensor([], [scale])],
    };
    expectClose(
      attend(layer, query, value),
      weighValues(
        scores((q, k) => scale * dot(q, k)),
        value,
        { ...options, causal },
      ),
    );
    const older = { className: 'Attention', config: { causal } };
    expectClose(attend(older, query, value), weighValues(scores(dot), value, { ...options, causal }));
  });

  it('Attention with score_mode concat and AdditiveAttention weigh them by sums of tanh', () => {
    const concat = {
      className: 'Attention',
      config: { use_scale: true, score_mode: 'concat' },
      weights: [tensor([], [0.7]), tensor([], [2])],
    };
    const getSum = (
      q: readonly number[],
      k: readonly number[],
      inner: number,
      outer: readonly number[],
    ): number =>
      dot(
        outer,
        q.map((one, i) => Math.tanh(inner * (one + k[i]!))),
      );
    expectClose(
      attend(concat, query, value),
      weighValues(
        scores((q, k) => getSum(q, k, Math.fround(0.7), [2, 2, 2])),
        value,
        options,
      ),
    );
    const scale = matrix(1, width)[0]!;
    const additive = { className: 'AdditiveAttention', weights: [tensor([width], scale)] };
    expectClose(
      attend(additive, query, value),
      weighValues(
        scores((q, k) => getSum(q, k, 1, scale)),
        value,
        options,
      ),
    );
  });

  it.each(['positional', 'a keyword'])('MultiHeadAttention attends with every head, the value %s', (how) => {
    const [heads, size, valueSize, units] = [2, 4, 3, 5];
    const kernels = [size, size, valueSize].map((own) => matrix(width, heads * own));
    const biases = [size, size, valueSize].map((own) => matrix(1, heads * own)[0]!);
    const out = matrix(heads * valueSize, units);
    const outBias = matrix(1, units)[0]!;
    const layer: GivenLayer = {
      className: 'MultiHeadAttention',
      config: { num_heads: heads, key_dim: size, value_dim: valueSize, output_shape: [units] },
      weights: [
        ...[size, size, valueSize].flatMap((own, i) => [
          tensor([width, heads, own], kernels[i]!),
          tensor([heads, own], biases[i]!),
        ]),
        tensor([heads, valueSize, units], out),
        tensor([units], outBias),
      ],
    };
    const project = (rows: Rows, i: number, head: number, own: number): number[][] =>
      rows.map((row) =>
        Array.from({ length: own }, (__, k) => {
          const column = head * own + k;
          return (
            biases[i]![column]! +
            dot(
              row,
              kernels[i]!.map((weights) => weights[column]!),
            )
          );
        }),
      );
    const perHead = Array.from({ length: heads }, (__, head) => {
      const [q, k, v] = [
        project(query, 0, head, size),
        project(value, 1, head, size),
        project(value, 2, head, valueSize),
      ];
      const headScores = q.map((one) => k.map((other) => dot(one, other) / Math.sqrt(size)));
      // a masked query attends to nothing: the mean
      return headScores.map((row, t) =>
        options.queryMask[t]
          ? weighValues([row], v, { valueMask: options.valueMask })[0]!
          : weighValues([row], v, { valueMask: value.map(() => false) })[0]!,
      );
    });
    const expected = query.map((__, t) => {
      const joined = perHead.flatMap((rows) => rows[t]!);
      return outBias.map(
        (bias, unit) =>
          bias +
          dot(
            joined,
            out.map((row) => row[unit]!),
          ),
      );
    });
    const valueSource =
      how === 'positional' ? 'value-masked' : { layer: 'value-masked', tensor: 0, argument: 'value' };
    expectClose(attend(layer, query, value, ['query-masked', valueSource]), expected);
  });
});

it.each<[string, Config]>([
  ['and repeats its row', { return_sequences: true }],
  ['and gives the last row', {}],
  ['backwards', { go_backwards: true }],
])(
  'a ConvLSTM1D with a window of one is an LSTM at every place; masked steps keep its state %s',
  (_, config) => {
    const [places, filters, steps] = [3, 2, 5];
    const mask = [false, true, false, true, false];
    const kernel = matrix(width, 4 * filters);
    const recurrent = matrix(filters, 4 * filters);
    const bias = matrix(1, 4 * filters)[0]!;
    const x = Array.from({ length: steps }, (__, t) =>
      mask[t] ? matrix(places, width) : zeroed(matrix(places, width), []),
    );
    const model = connectLayers([
      { className: 'InputLayer', name: 'x', config: { batch_shape: [null, null, places, width] } },
      { className: 'InputLayer', name: 'mask', config: { batch_shape: [null, null], dtype: 'bool' } },
      {
        className: 'ConvLSTM1D',
        config: { filters, kernel_size: [1], recurrent_activation: 'sigmoid', ...config },
        weights: [
          tensor([1, width, 4 * filters], kernel),
          tensor([1, filters, 4 * filters], recurrent),
          tensor([4 * filters], bias),
        ],
        inputs: ['x', { layer: 'mask', tensor: 0, argument: 'mask' }],
      },
    ]);
    const [output] = evaluateGraph(kerasToSignedGraph(convertModel(model)), [[x], [mask.map(Number)]]);
    const alone = Array.from({ length: places }, (__, place) =>
      runLayer(
        'LSTM',
        { kernel, recurrent, bias },
        x.map((rows) => rows[place]!),
        {
          mask,
          goBackwards: config['go_backwards'] === true,
        },
      ),
    );
    const expected = config['return_sequences']
      ? x.flatMap((__, t) => alone.map(({ rows }) => rows[t]!))
      : alone.map(({ last }) => last);
    expectClose([output!.values], [expected.flat()]);
  },
);
