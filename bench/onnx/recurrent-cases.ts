import { createRng } from '../../src/random.ts';

// Recurrent ONNX operators in all combinations of what they always have, then each activation at each place
// of each operator, with everything else that the standard knows drawn beside it.

export const directions = ['forward', 'reverse', 'bidirectional'] as const;
export const gates = { RNN: 1, GRU: 3, LSTM: 4 } as const;

export interface Activation {
  readonly name: string;
  readonly alpha?: number;
  readonly beta?: number;
}
export interface Case {
  readonly operator: keyof typeof gates;
  /** Of every direction. */
  readonly activations: readonly (readonly Activation[])[];
  readonly resetAfter: boolean;
  readonly direction: (typeof directions)[number];
  readonly bias: boolean;
  readonly output: 'Y' | 'Y_h';
  readonly units: number;
  readonly width: number;
  readonly clip: number | null;
  readonly inputForget: boolean;
  readonly peepholes: boolean;
  readonly initialH: boolean;
  readonly initialC: boolean;
  readonly lengths: boolean;
}

const sizes = [
  [1, 1],
  [3, 5],
  [17, 4],
  [8, 33],
] as const;
const plain = {
  clip: null,
  inputForget: false,
  peepholes: false,
  initialH: false,
  initialC: false,
  lengths: false,
};
const usual = { RNN: ['Tanh'], GRU: ['Sigmoid', 'Tanh'], LSTM: ['Sigmoid', 'Tanh', 'Tanh'] } as const;
const kinds = [
  ['RNN', false],
  ['GRU', false],
  ['GRU', true],
  ['LSTM', false],
] as const;
const countDirections = (direction: Case['direction']): number => (direction === 'bidirectional' ? 2 : 1);
const named = (name: string): Activation => ({ name });

/** Without options: all combinations. */
const published: Case[] = [
  ...kinds.map(([operator, resetAfter]) => ({ operator, resetAfter, own: usual[operator].map(named) })),
  { operator: 'RNN' as const, resetAfter: false, own: [named('Relu')] },
].flatMap(({ operator, resetAfter, own }) =>
  directions.flatMap((direction) =>
    [true, false].flatMap((bias) =>
      (['Y', 'Y_h'] as const).flatMap((output) =>
        sizes.map(([units, width]) => ({
          ...plain,
          operator,
          resetAfter,
          activations: Array.from({ length: countDirections(direction) }, () => own),
          direction,
          bias,
          output,
          units,
          width,
        })),
      ),
    ),
  ),
);

/**
 * onnxruntime uses 0 for absent parameters of Affine, ScaledTanh and ThresholdedRelu, whatever the operators'
 * defaults.
 */
const activations: readonly Activation[] = [
  named('Relu'),
  named('Tanh'),
  named('Sigmoid'),
  { name: 'Affine', alpha: 0.7, beta: 0.1 },
  { name: 'LeakyRelu', alpha: 0.2 },
  named('LeakyRelu'),
  { name: 'ThresholdedRelu', alpha: 0.3 },
  { name: 'ScaledTanh', alpha: 1.3, beta: 0.6 },
  { name: 'HardSigmoid', alpha: 0.3, beta: 0.4 },
  named('HardSigmoid'),
  { name: 'Elu', alpha: 0.8 },
  named('Elu'),
  named('Softsign'),
  named('Softplus'),
];
const draws = 4;
/** Sets the parameters of all activations where one has them: a list of alphas has no gaps. */
function withAllParameters(lists: readonly (readonly Activation[])[]): readonly (readonly Activation[])[] {
  const spelled: readonly Activation[] = [
    { name: 'LeakyRelu', alpha: 0.02 },
    { name: 'HardSigmoid', alpha: 0.15, beta: 0.45 },
    { name: 'Elu', alpha: 1.2 },
  ];
  if (lists.flat().every(({ alpha }) => alpha === undefined)) return lists;
  return lists.map((list) =>
    list.map((one) =>
      one.alpha === undefined ? (spelled.find(({ name }) => name === one.name) ?? one) : one,
    ),
  );
}

function drawn(
  [operator, resetAfter]: (typeof kinds)[number],
  [place, activation]: readonly [number, Activation],
  seed: number,
): Case {
  const random = createRng(seed, 7);
  const chance = (): boolean => random.next() < 0.5;
  const one = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!;
  const direction = one(directions);
  const own = usual[operator].map((name, i) => (i === place ? activation : named(name)));
  const backward = usual[operator].map(() => one(activations));
  const [units, width] = one(sizes);
  const isLstm = operator === 'LSTM';
  return {
    operator,
    resetAfter,
    direction,
    activations: withAllParameters(
      Array.from({ length: countDirections(direction) }, (_, i) => (i === 1 && chance() ? backward : own)),
    ),
    bias: chance(),
    output: chance() ? 'Y' : 'Y_h',
    units,
    width,
    clip: chance() ? one([0.3, 1, 3]) : null,
    inputForget: isLstm && chance(),
    peepholes: isLstm && chance(),
    initialH: chance(),
    initialC: isLstm && chance(),
    lengths: chance(),
  };
}

export const cases: readonly Case[] = [
  ...published,
  ...kinds
    .flatMap((kind) =>
      usual[kind[0]].flatMap((_, place) =>
        activations.flatMap((activation) =>
          Array.from({ length: draws }, () => [kind, [place, activation] as const] as const),
        ),
      ),
    )
    .map(([kind, at], seed) => drawn(kind, at, seed)),
];

export function caseName(one: Case): string {
  const activationNames = one.activations.map((list) =>
    list.map(({ name, alpha, beta }) => [name, alpha, beta].filter((part) => part !== undefined).join(':')),
  );
  const options = (
    ['resetAfter', 'inputForget', 'peepholes', 'initialH', 'initialC', 'lengths'] as const
  ).filter((option) => one[option]);
  return [
    one.operator,
    activationNames.map((list) => list.join(' ')).join(' | '),
    one.direction,
    one.output,
    `${one.width} → ${one.units}`,
    ...(one.bias ? [] : ['no bias']),
    ...(one.clip === null ? [] : [`clip ${one.clip}`]),
    ...options,
  ].join(', ');
}
