import { cellChoices, findCell } from '../../src/cells/registry.ts';
import { createRng } from '../../src/random.ts';
import { resolveNetwork } from '../../src/network/encoder-decoder.ts';
import { idColumns, type NetworkInput } from '../../src/network/input.ts';
import { networkSpec, type NetworkSpec } from '../../src/network/spec.ts';
import type { Weights } from '../../src/network/weights.ts';
import { initialWeights } from '../../src/training/initialise.ts';
import type { Batch, Sequences } from '../../src/training/batch.ts';
import { lossSpec, type LossSpec } from '../../src/training/optimise/loss.ts';
import { createPlan } from '../../src/training/plan.ts';
import type { ReferenceExample, ReferenceSequence, Tensors64 } from '../reference/reference-gradient.ts';
import type { z } from 'zod';

// Networks small enough to differentiate in float64, one for every layer that learns, and sequences for them.

export interface LearningCase {
  readonly name: string;
  readonly spec: NetworkSpec;
  readonly input: NetworkInput;
  readonly source?: NetworkInput;
  readonly loss: LossSpec;
  readonly outputs: number;
}

type Layers = z.input<typeof networkSpec>['layers'];
const vocabulary = 7;
const ids: NetworkInput = { kind: 'ids', vocabulary };
const numbers: NetworkInput = { kind: 'features', width: 3 };
const crossEntropy = lossSpec.parse({ type: 'softmax_cross_entropy' });
const squared = lossSpec.parse({ type: 'mean_squared' });

/** Layers between an embedding and a softmax of five classes. */
const between = (name: string, layers: Layers, loss = crossEntropy): LearningCase => ({
  name,
  spec: networkSpec.parse({
    layers: [
      { type: 'embedding', name: 'in', vocabulary, units: 5 },
      ...layers,
      { type: 'dense', name: 'out', units: 5, activation: 'softmax' },
    ],
  }),
  input: ids,
  loss,
  outputs: 5,
});
/** Layers from three numbers to two, which are what they are. */
const regressing = (name: string, layers: Layers, loss: LossSpec): LearningCase => ({
  name,
  spec: networkSpec.parse({ layers: [...layers, { type: 'dense', name: 'out', units: 2 }] }),
  input: numbers,
  loss,
  outputs: 2,
});
const translating = (
  name: string,
  score: 'dot' | 'general' | 'additive',
  bridge: 'none' | 'copy' | 'dense',
  cell: object,
  reader: object = { cell: 'gru' },
): LearningCase => ({
  name,
  spec: networkSpec.parse({
    encoder: {
      layers: [
        { type: 'embedding', name: 'in', vocabulary: 6, units: 4 },
        { type: 'recurrent', name: 'read', units: 5, bidirectional: true, ...reader },
      ],
    },
    bridge,
    layers: [
      { type: 'embedding', name: 'in', vocabulary, units: 3 },
      { type: 'recurrent', name: 'write', units: 10, ...cell },
      { type: 'attention', name: 'look', score, units: 7 },
      { type: 'concat', name: 'both', inputs: ['write', 'look'] },
      { type: 'dense', name: 'join', units: 6, activation: 'tanh' },
      { type: 'dense', name: 'out', units: 5, activation: 'softmax' },
    ],
  }),
  input: ids,
  source: { kind: 'ids', vocabulary: 6 },
  loss: crossEntropy,
  outputs: 5,
});

/** Every registered cell, with each of the activations that one with an `activation` learns with. */
const cells = cellChoices.flatMap((choice) =>
  findCell(choice).supports.includes('activation')
    ? (['tanh', 'relu'] as const).map((activation) => ({ ...choice, activation }))
    : [choice],
);
const cellTitle = (cell: (typeof cells)[number]): string => Object.values(cell).join(' ');

export const learningCases: readonly LearningCase[] = [
  ...cells.flatMap((cell) => {
    const name = cellTitle(cell);
    return [
      ...[1, 3, 17, 33].map((units) =>
        between(`${name} of ${units}`, [{ type: 'recurrent', name: 'cells', units, ...cell }]),
      ),
      between(`${name}, two levels, both ways`, [
        { type: 'recurrent', name: 'cells', units: 6, layers: 2, bidirectional: true, ...cell },
      ]),
    ];
  }),
  ...(['sum', 'mul', 'ave'] as const).map((merge) =>
    between(`both ways, ${merge}`, [
      { type: 'recurrent', name: 'cells', cell: 'lstm', units: 5, bidirectional: true, merge },
    ]),
  ),
  ...(['concat', 'mul'] as const).map((merge) =>
    between(`both ways to their ends, ${merge}`, [
      {
        type: 'recurrent',
        name: 'cells',
        cell: 'gru',
        units: 5,
        layers: 2,
        bidirectional: true,
        merge,
        backward_at: 'first',
      },
      { type: 'pool', mode: 'last' },
    ]),
  ),
  ...(['last', 'mean', 'max'] as const).map((mode) =>
    between(`pool ${mode}`, [
      { type: 'recurrent', name: 'cells', cell: 'gru', units: 6 },
      { type: 'pool', mode },
    ]),
  ),
  ...[1, 3, 17, 257].map((units) =>
    between(`layer norm of ${units}`, [
      { type: 'dense', name: 'wide', units, activation: 'tanh' },
      { type: 'layer_norm', name: 'norm', epsilon: 1e-3 },
    ]),
  ),
  ...(['relu', 'tanh', 'sigmoid'] as const).map((activation) =>
    between(`dense ${activation}`, [{ type: 'dense', name: 'hidden', units: 9, activation }]),
  ),
  ...(['tanh', 'relu'] as const).flatMap((activation) =>
    [1, 3, 17, 33].map((units) =>
      between(`highway ${activation} of ${units}`, [
        { type: 'dense', name: 'wide', units, activation: 'tanh' },
        { type: 'highway', name: 'lower', activation },
        { type: 'highway', name: 'upper', activation },
      ]),
    ),
  ),
  between('a residual: two readers of one layer', [
    { type: 'recurrent', name: 'below', cell: 'lstm', units: 6 },
    { type: 'recurrent', name: 'above', cell: 'gru', units: 6 },
    { type: 'add', name: 'sum', inputs: ['below', 'above', 'below'] },
    { type: 'concat', name: 'all', inputs: ['sum', 'above', 'below'] },
  ]),
  between('a product, one layer of it twice', [
    { type: 'recurrent', name: 'below', cell: 'lstm', units: 6 },
    { type: 'dense', name: 'gate', units: 6, activation: 'sigmoid' },
    { type: 'multiply', name: 'product', inputs: ['below', 'gate', 'below'] },
  ]),
  between(
    'label smoothing',
    [{ type: 'recurrent', name: 'cells', cell: 'gru', units: 4 }],
    lossSpec.parse({ type: 'softmax_cross_entropy', label_smoothing: 0.1 }),
  ),
  {
    name: 'a crf',
    spec: networkSpec.parse({
      layers: [
        { type: 'embedding', name: 'in', vocabulary, units: 5 },
        { type: 'recurrent', name: 'cells', cell: 'gru', units: 6, bidirectional: true },
        { type: 'dense', name: 'scores', units: 5 },
        { type: 'crf', name: 'chain' },
      ],
    }),
    input: ids,
    loss: lossSpec.parse({ type: 'crf' }),
    outputs: 5,
  },
  {
    name: 'several ids a step',
    spec: networkSpec.parse({
      layers: [
        { type: 'embedding', name: 'words', inputs: ['input'], vocabulary, units: 5 },
        {
          type: 'embedding',
          name: 'letters',
          inputs: ['input'],
          vocabulary: 4,
          units: 3,
          columns: { first: 1, count: 2 },
        },
        { type: 'concat', name: 'both', inputs: ['words', 'letters'] },
        { type: 'recurrent', name: 'cells', cell: 'gru', units: 6 },
        { type: 'dense', name: 'out', units: 5, activation: 'softmax' },
      ],
    }),
    input: { kind: 'ids', vocabulary, columns: [vocabulary, 4, 4] },
    loss: crossEntropy,
    outputs: 5,
  },
  ...(['mean_squared', 'mean_absolute', 'huber'] as const).map((type) =>
    regressing(
      type,
      [{ type: 'recurrent', name: 'cells', cell: 'lstm', units: 7 }],
      lossSpec.parse({ type }),
    ),
  ),
  {
    name: 'sigmoid cross-entropy',
    spec: networkSpec.parse({
      layers: [
        { type: 'recurrent', name: 'cells', cell: 'gru', units: 7 },
        { type: 'dense', name: 'out', units: 2, activation: 'sigmoid' },
      ],
    }),
    input: numbers,
    loss: lossSpec.parse({ type: 'sigmoid_cross_entropy' }),
    outputs: 2,
  },
  regressing('a dense layer alone', [], squared),
  translating('attention dot, bridge dense, lstm', 'dot', 'dense', { cell: 'lstm' }),
  translating('attention general, bridge copy, gru', 'general', 'copy', { cell: 'gru' }),
  translating('attention additive, no bridge, gru before', 'additive', 'none', {
    cell: 'gru',
    reset: 'before',
  }),
  translating('attention general, bridge dense, rnn', 'general', 'dense', { cell: 'rnn' }),
  ...cellChoices.map((cell) =>
    translating(`bridge dense, ${cellTitle(cell)} reads and writes`, 'general', 'dense', cell, cell),
  ),
];

/** Larger than what training starts from, biases included, so that every term of a gradient counts. */
export function createWeights({ spec, input, source = null as never }: LearningCase): Weights {
  const random = createRng(3);
  const weights = initialWeights(resolveNetwork(spec, input, source), random, { embeddingScale: 1 });
  // relu units without bounds would grow beyond float32 in ninety steps
  const scale = JSON.stringify(spec).includes('"activation":"relu"') ? 0.7 : 1.2;
  for (const [name, { shape, values }] of weights)
    for (let i = 0; i < values.length; i++)
      values[i] =
        values[i]! * scale + (shape.length === 1 || name.endsWith('.transitions') ? random.next() - 0.5 : 0);
  return weights;
}

export const inFloat64 = (weights: Weights): Tensors64 =>
  new Map([...weights].map(([name, { values }]) => [name, Float64Array.from(values)]));

/** A sequence with what each step should answer; every third step counts for nothing. */
export function createExample(
  { input, source, loss, outputs }: LearningCase,
  steps: number,
  seed: number,
): ReferenceExample {
  const random = createRng(seed, 7);
  const draw = (below: number): number => Math.floor(random.next() * below);
  const createSequence = (of: NetworkInput, length: number): ReferenceSequence =>
    Array.from({ length }, () => {
      if (of.kind === 'features') return Array.from({ length: of.width }, () => 2 * random.next() - 1);
      const columns = idColumns(of).map(draw);
      return columns.length === 1 ? columns[0]! : columns;
    });
  return {
    sequence: createSequence(input, steps),
    ...(source && { source: createSequence(source, 1 + draw(6)) }),
    targets: Array.from({ length: steps }, (_, t) => ({
      weight: t % 3 === 2 ? 0 : 0.25 + random.next(),
      ...(loss.type === 'softmax_cross_entropy' || loss.type === 'crf'
        ? { class: draw(outputs) }
        : {
            values: Array.from({ length: outputs }, () =>
              loss.type === 'sigmoid_cross_entropy' ? draw(2) : 4 * random.next() - 2,
            ),
          }),
    })),
  };
}

/** Examples, longest first, as one packed batch. */
export function packExamples(
  { outputs }: Pick<LearningCase, 'outputs'>,
  examples: readonly ReferenceExample[],
): Batch {
  const { plan, ...input } = pack(examples.map(({ sequence }) => sequence));
  const targets = packed(examples.map(({ targets: own }) => own));
  const weights = Float32Array.from(targets, ({ weight }) => weight);
  const classes = targets.map((target) => ('class' in target ? target.class : -1));
  const answers: Batch['targets'] = classes.includes(-1)
    ? {
        weights,
        values: Float32Array.from(
          targets.flatMap((target) => ('values' in target ? target.values : Array<number>(outputs).fill(0))),
        ),
      }
    : { weights, classes: Int32Array.from(classes) };
  if (!examples[0]?.source) return { plan, ...input, targets: answers };
  const order = examples
    .map((_, row) => row)
    .sort((a, b) => examples[b]!.source!.length - examples[a]!.source!.length || a - b);
  const sourceRows = new Int32Array(order.length);
  order.forEach((row, sourceRow) => (sourceRows[row] = sourceRow));
  return {
    plan,
    ...input,
    targets: answers,
    source: { ...pack(order.map((row) => examples[row]!.source!)), sourceRows },
  };
}

/** Time-major, those with more steps first. */
function packed<T>(rows: readonly (readonly T[])[]): T[] {
  const longest = Math.max(...rows.map(({ length }) => length));
  return Array.from({ length: longest }, (_, t) =>
    rows.filter(({ length }) => length > t).map((row) => row[t]!),
  ).flat();
}

function pack(sequences: readonly ReferenceSequence[]): Sequences {
  const plan = createPlan(sequences.map(({ length }) => length));
  const steps = packed(sequences);
  const [first] = steps;
  if (Array.isArray(first) && !Number.isInteger(first[0]))
    return { plan, features: Float32Array.from(steps.flat()) };
  const columns = Array.isArray(first) ? first.length : 1;
  return {
    plan,
    ids: Int32Array.from(
      Array.from({ length: columns }, (_, column) =>
        steps.map((step) => (typeof step === 'number' ? step : step[column]!)),
      ).flat(),
    ),
  };
}
