import { encodeModel, type OnnxNode, type OnnxTensor } from '../onnx/model.ts';
import { uniform } from '../random-network.ts';

// The models of the comparison as ONNX files, with random weights, in the form in which PyTorch exports them. Both servers
// are given the same file.

export interface ClassifierSize {
  readonly vocabulary: number;
  readonly embedding: number;
  /** Of each direction. */
  readonly units: number;
  readonly labels: number;
}
export type StepSize = Omit<ClassifierSize, 'labels'>;

/** tokens [B, T] → p [B, labels]: embedding, bidirectional LSTM, mean over the steps, dense, softmax. */
export function classifierOnnx(size: ClassifierSize, seed: number): Uint8Array {
  const { units, labels } = size;
  const random = createRandom(seed);
  const head = random.tensor('d.weight', [labels, 2 * units], units);
  return encodeModel({
    name: 'classifier',
    nodes: [
      ...bidirectionalNodes(units),
      { operator: 'ReduceMean', inputs: ['y'], outputs: ['mean'], attributes: { axes: [0], keepdims: 0 } },
      {
        operator: 'Gemm',
        inputs: ['mean', 'd.weight', 'd.bias'],
        outputs: ['scores'],
        attributes: { transB: 1 },
      },
      { operator: 'Softmax', inputs: ['scores'], outputs: ['p'], attributes: { axis: 1 } },
    ],
    initializers: [...bidirectionalTensors(size, random), head, random.tensor('d.bias', [labels], units)],
    inputs: [{ name: 'tokens', type: 'int64', shape: ['B', 'T'] }],
    outputs: [{ name: 'p', type: 'float32', shape: ['B', labels] }],
  });
}

/** tokens [B, T] → logp [B, T, labels]: embedding, bidirectional LSTM, dense, log of the softmax. */
export function taggerOnnx(size: ClassifierSize, seed: number): Uint8Array {
  const { units, labels } = size;
  const random = createRandom(seed);
  return encodeModel({
    name: 'tagger',
    nodes: [
      ...bidirectionalNodes(units),
      { operator: 'Transpose', inputs: ['y'], outputs: ['rows'], attributes: { perm: [1, 0, 2] } },
      { operator: 'MatMul', inputs: ['rows', 'd.weight'], outputs: ['product'] },
      { operator: 'Add', inputs: ['product', 'd.bias'], outputs: ['scores'] },
      { operator: 'LogSoftmax', inputs: ['scores'], outputs: ['logp'], attributes: { axis: 2 } },
    ],
    initializers: [
      ...bidirectionalTensors(size, random),
      random.tensor('d.weight', [2 * units, labels], units),
      random.tensor('d.bias', [labels], units),
    ],
    inputs: [{ name: 'tokens', type: 'int64', shape: ['B', 'T'] }],
    outputs: [{ name: 'logp', type: 'float32', shape: ['B', 'T', labels] }],
  });
}

/** token [B, 1], h and c [1, B, units] → logits [B, vocabulary], h_out and c_out. */
export function stepOnnx(size: StepSize, seed: number): Uint8Array {
  const { vocabulary, embedding, units } = size;
  const random = createRandom(seed);
  const state = (name: string) => ({ name, type: 'float32', shape: [1, 'B', units] }) as const;
  return encodeModel({
    name: 'step',
    nodes: [
      ...embeddingNodes('token'),
      {
        operator: 'LSTM',
        inputs: ['x', 'W', 'R', 'b', '', 'h', 'c'],
        outputs: ['Y', 'h_out', 'c_out'],
        attributes: { hidden_size: units },
      },
      { operator: 'Squeeze', inputs: ['h_out', 'zero'], outputs: ['last'] },
      {
        operator: 'Gemm',
        inputs: ['last', 'd.weight', 'd.bias'],
        outputs: ['logits'],
        attributes: { transB: 1 },
      },
    ],
    initializers: [
      random.tensor('e.weight', [vocabulary, embedding], 1),
      ...lstmTensors(1, embedding, units, random),
      { name: 'zero', shape: [1], values: BigInt64Array.of(0n) },
      // large enough that the best token differs from step to step
      random.tensor('d.weight', [vocabulary, units], 1),
      random.tensor('d.bias', [vocabulary], units),
    ],
    inputs: [{ name: 'token', type: 'int64', shape: ['B', 1] }, state('h'), state('c')],
    outputs: [{ name: 'logits', type: 'float32', shape: ['B', vocabulary] }, state('h_out'), state('c_out')],
  });
}

type Random = ReturnType<typeof createRandom>;

function createRandom(seed: number) {
  const next = uniform(seed);
  return {
    /** Uniform in ±1/√of. */
    tensor(name: string, shape: readonly number[], of: number): OnnxTensor {
      const length = shape.reduce((product, size) => product * size, 1);
      const bound = 1 / Math.sqrt(of);
      return { name, shape, values: Float32Array.from({ length }, () => next() * bound) };
    },
  };
}

/** ids [B, T] → x [T, B, embedding] */
const embeddingNodes = (ids: string): OnnxNode[] => [
  { operator: 'Gather', inputs: ['e.weight', ids], outputs: ['embedded'] },
  { operator: 'Transpose', inputs: ['embedded'], outputs: ['x'], attributes: { perm: [1, 0, 2] } },
];

/** tokens [B, T] → y [T, B, 2·units] */
const bidirectionalNodes = (units: number): OnnxNode[] => [
  ...embeddingNodes('tokens'),
  {
    operator: 'LSTM',
    inputs: ['x', 'W', 'R', 'b'],
    outputs: ['Y'],
    attributes: { hidden_size: units, direction: 'bidirectional' },
  },
  { operator: 'Transpose', inputs: ['Y'], outputs: ['directions'], attributes: { perm: [0, 2, 1, 3] } },
  { operator: 'Reshape', inputs: ['directions', 'joined'], outputs: ['y'] },
];

const bidirectionalTensors = (
  { vocabulary, embedding, units }: Omit<ClassifierSize, 'labels'>,
  random: Random,
): OnnxTensor[] => [
  random.tensor('e.weight', [vocabulary, embedding], 1),
  ...lstmTensors(2, embedding, units, random),
  { name: 'joined', shape: [3], values: BigInt64Array.of(0n, 0n, -1n) },
];

// W [directions, 4·units, inputs]  R [directions, 4·units, units]  b [directions, 8·units]
const lstmTensors = (directions: number, inputs: number, units: number, random: Random): OnnxTensor[] => [
  random.tensor('W', [directions, 4 * units, inputs], units),
  random.tensor('R', [directions, 4 * units, units], units),
  random.tensor('b', [directions, 8 * units], units),
];
