import { describe, expect, it } from 'vitest';
import { placeGraph } from '../../../src/engine/place-graph.ts';
import {
  createGraphEvaluator,
  type TensorValues,
} from '../../../src/network/signed-graph/graph-evaluator.ts';
import type { Operand } from '../../../src/operators/operand.ts';
import type { OperatorSpec } from '../../../src/operators/spec.ts';
import { kernel } from '../../engine/served-networks.ts';

// One operator over large tensors, or many iterations that the request asks for, is evaluated in slices: a worker serves
// others in between, and drops what nobody waits for.

const numbers = (...shape: number[]): TensorValues => ({
  shape,
  values: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)),
});
const integers = (shape: number[], ...values: number[]): TensorValues => ({
  shape,
  values: Float64Array.from(values),
});
const constant = (...shape: number[]): Operand => ({ ...numbers(...shape), kind: 'float', known: true });
const whole = (...values: number[]): Operand => ({
  ...integers([values.length], ...values),
  kind: 'int',
  known: true,
});
const scalar = (value: number): Operand => ({ ...integers([], value), kind: 'int', known: true });

/** Creates an evaluator of operators that read `a` and `b`, and give `y`. @param over whether every tick is over at once */
function createEvaluator(
  operators: readonly OperatorSpec[],
  constants: Readonly<Record<string, Operand>>,
  inputs: readonly TensorValues[],
  over: boolean,
) {
  const tensor = (value: string, datatype: 'FP32' | 'INT64' = 'FP32') => ({
    name: value,
    value,
    datatype,
    shape: null,
  });
  const signature = {
    inputs: inputs.map(({ values }, i) =>
      tensor('ab'[i]!, values instanceof Float32Array ? 'FP32' : 'INT64'),
    ),
    outputs: [tensor('y')],
  };
  const { compiled, arenas } = placeGraph(
    { signature, operators, constants: new Map(Object.entries(constants)) },
    { kernel, workers: 1 },
  );
  return createGraphEvaluator(compiled, kernel.memory.memory, arenas[0]!.offset, () => (over ? 1 : 0));
}

function evaluate(...parameters: Parameters<typeof createEvaluator>) {
  const evaluation = createEvaluator(...parameters).start(parameters[2], [0], 2 ** 25);
  let ticks = 1;
  while (!evaluation.advance(0)) ticks++;
  return { ticks, values: evaluation.outputs([0])[0]!.values };
}

const tanhLoop: OperatorSpec['bodies'] = {
  body: {
    inputs: ['i', 'go', 'state'],
    operators: [
      { operator: 'Tanh', inputs: ['state'], outputs: ['next'] },
      { operator: 'Identity', inputs: ['go'], outputs: ['goOn'] },
    ],
    outputs: ['goOn', 'next'],
  },
};
const one = (
  operator: string,
  inputs: readonly string[],
  attributes?: OperatorSpec['attributes'],
): OperatorSpec[] => [{ operator, inputs: [...inputs], outputs: ['y'], ...(attributes && { attributes }) }];

const large = numbers(1024, 1024);
const cases: Record<
  string,
  [operators: OperatorSpec[], constants: Record<string, Operand>, inputs: TensorValues[]]
> = {
  'a function of every element': [one('Tanh', ['a']), {}, [large]],
  'a sum of a vector that is repeated': [one('Add', ['a', 'w']), { w: constant(1024) }, [large]],
  'a sum of a column that is repeated': [one('Add', ['a', 'w']), { w: constant(1024, 1) }, [large]],
  'a sum of two tensors': [one('Sub', ['a', 'b']), {}, [large, numbers(1024, 1024)]],
  'a clamp': [one('Clip', ['a']), {}, [large]],
  'a transpose': [one('Transpose', ['a'], { perm: [1, 0] }), {}, [large]],
  'a softmax': [one('Softmax', ['a']), {}, [large]],
  'a sum along an axis': [one('ReduceSum', ['a', 'w']), { w: whole(0) }, [large]],
  'the place of the largest': [
    [
      ...one('ArgMax', ['a'], { axis: 1 }).map((operator) => ({ ...operator, outputs: ['i'] })),
      ...one('Cast', ['i'], { to: 1 }),
    ],
    {},
    [large],
  ],
  'cumulative sums': [one('CumSum', ['a', 'w']), { w: scalar(0) }, [large]],
  'a layer normalisation': [one('LayerNormalization', ['a', 'w']), { w: constant(1024) }, [large]],
  'a lookup': [
    one('Gather', ['w', 'a']),
    { w: constant(9, 64) },
    [integers([8192], ...Array<number>(8192).fill(3))],
  ],
  'a product of inputs': [one('MatMul', ['a', 'b']), {}, [numbers(2, 100, 200), numbers(2, 200, 100)]],
  'a product with a transposed input': [
    one('Gemm', ['a', 'b', 'w'], { transA: 1 }),
    { w: constant(100) },
    [numbers(200, 100), numbers(200, 100)],
  ],
  'a product on the kernel': [one('MatMul', ['a', 'w']), { w: constant(256, 256) }, [numbers(300, 256)]],
  'a convolution on the kernel': [
    one('Conv', ['a', 'w'], { kernel_shape: [9] }),
    { w: constant(32, 16, 9) },
    [numbers(2, 16, 2000)],
  ],
  'a convolution in groups': [
    one('Conv', ['a', 'w'], { kernel_shape: [33], group: 4 }),
    { w: constant(8, 1, 33) },
    [numbers(1, 4, 9000)],
  ],
  'a convolution with strides': [
    one('Conv', ['a', 'b'], { kernel_shape: [9], strides: [2], pads: [4, 4] }),
    {},
    [numbers(1, 16, 4000), numbers(8, 16, 9)],
  ],
  'a pool of long windows': [
    one('MaxPool', ['a'], { kernel_shape: [256], strides: [1] }),
    {},
    [numbers(1, 2, 3000)],
  ],
  'an Einsum': [
    one('Einsum', ['a', 'b'], { equation: 'ij,jk->ik' }),
    {},
    [numbers(100, 100), numbers(100, 100)],
  ],
  'a recurrence': [
    one('GRU', ['a', 'W', 'R'], { hidden_size: 64 }),
    { W: constant(1, 192, 64), R: constant(1, 192, 64) },
    [numbers(300, 3, 64)],
  ],
  'a recurrence backwards, of several lengths': [
    one('LSTM', ['a', 'W', 'R', '', 'b'], { hidden_size: 64, direction: 'reverse' }),
    { W: constant(1, 256, 64), R: constant(1, 256, 64) },
    [numbers(300, 3, 64), integers([3], 300, 7, 291)],
  ],
  'a loop as often as the request says': [
    [{ operator: 'Loop', inputs: ['b', '', 'a'], outputs: ['y'], bodies: tanhLoop }],
    {},
    [numbers(16), integers([], 20_000)],
  ],
  'a range as long as the request says': [
    [
      { operator: 'Range', inputs: ['w', 'a', 'u'], outputs: ['range'] },
      { operator: 'Cast', inputs: ['range'], outputs: ['floats'], attributes: { to: 1 } },
      ...one('Sin', ['floats']),
    ],
    { w: scalar(0), u: scalar(1) },
    [integers([], 2 ** 20)],
  ],
};

describe('an evaluation stops between slices', () => {
  it.each(Object.entries(cases))('of %s, with the same bits', (_, [operators, constants, inputs]) => {
    const [sliced, atOnce] = [true, false].map((over) => evaluate(operators, constants, inputs, over));
    expect(sliced!.ticks).toBeGreaterThan(3);
    expect(atOnce!.ticks).toBe(1);
    expect(sliced!.values).toEqual(atOnce!.values);
  });
});

describe('an evaluation refuses', () => {
  it('a reply whose size the request gives, before it is computed', () => {
    const inputs = [integers([1], 2 ** 20)];
    const evaluator = createEvaluator(one('Tile', ['w', 'a']), { w: constant(1) }, inputs, true);
    expect(() => evaluator.start(inputs, [0], 1000).advance(0)).toThrow(
      'outputs: at most 1000 numbers in a reply (UNROLL_MAX_REPLY_BYTES), these are 1048576',
    );
  });

  it.each<[what: string, says: RegExp, ...(typeof cases)[string]]>([
    [
      'an operator that has no slices and computes too much at once',
      /ReduceMax \(y\) computes \d+ elements at once, the limit is 8388608/,
      one('ReduceMax', ['a']),
      {},
      [{ shape: [2 ** 23 + 1], values: new Float32Array(2 ** 23 + 1) }],
    ],
    ...['ConstantOfShape', 'Expand', 'Tile', 'Range'].map(
      (operator): [string, RegExp, ...(typeof cases)[string]] => [
        `sizes that the request gives to ${operator}, before they are allocated`,
        /its tensors have more than 67108864 elements of 32 bits in total/,
        [
          {
            operator,
            inputs: { ConstantOfShape: ['a'], Range: ['zero', 'last', 'unit'] }[operator] ?? ['w', 'a'],
            outputs: ['y'],
          },
        ],
        { w: constant(1), zero: scalar(0), unit: scalar(1), last: scalar(2 ** 31) },
        [integers([1], 2 ** 31)],
      ],
    ),
  ])('%s', (_, says, operators, constants, inputs) => {
    expect(() => evaluate(operators, constants, inputs, false)).toThrow(says);
  });
});
