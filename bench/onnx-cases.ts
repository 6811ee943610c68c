import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readForeign } from '../src/formats/read-foreign.ts';
import { createRng } from '../src/decoding/rng.ts';
import { createKernel } from '../src/kernel/kernel.ts';
import { runOnce } from '../src/network/run-once.ts';
import { encodeModel, type OnnxNode, type OnnxTensor } from './onnx/model.ts';

// Recurrent operators with random weights over all combinations of their attributes: what we make of the file beside what
// onnxruntime does. Constant weights, as ONNX's own tests mostly have, tell no gate orders apart. onnxruntime refuses layout 1, so there
// ours is held to our own of layout 0.

const steps = 7;
const operators = [
  ['RNN', ['Tanh'], {}],
  ['RNN', ['Relu'], {}],
  ['GRU', ['Sigmoid', 'Tanh'], { linear_before_reset: 0 }],
  ['GRU', ['Sigmoid', 'Tanh'], { linear_before_reset: 1 }],
  ['LSTM', ['Sigmoid', 'Tanh', 'Tanh'], {}],
] as const;
const gates = { RNN: 1, GRU: 3, LSTM: 4 } as const;
const sizes = [
  [1, 1],
  [3, 5],
  [17, 4],
  [8, 33],
] as const;

interface Case {
  readonly name: string;
  readonly operator: (typeof operators)[number];
  readonly direction: 'forward' | 'reverse' | 'bidirectional';
  readonly bias: boolean;
  readonly output: 'Y' | 'Y_h';
  readonly units: number;
  readonly width: number;
}
const cases: Case[] = operators.flatMap((operator) =>
  (['forward', 'reverse', 'bidirectional'] as const).flatMap((direction) =>
    [true, false].flatMap((bias) =>
      (['Y', 'Y_h'] as const).flatMap((output) =>
        sizes.map(([units, width]) => ({
          name: `${operator[0]} ${operator[1].join(' ')} ${JSON.stringify(operator[2])} ${direction}${bias ? '' : ', no bias'}, ${output}, ${width} → ${units}`,
          operator,
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

/** X [T, B, in] (layout 1: [B, T, in]) → the rows, their directions side by side. */
function encode(
  { operator, direction, bias, output, units, width }: Case,
  layout: 0 | 1,
  seed: number,
): Uint8Array {
  const [op, activations, more] = operator;
  const directions = direction === 'bidirectional' ? 2 : 1;
  const rows = gates[op] * units;
  const random = createRng(seed, 5);
  const tensor = (name: string, ...shape: number[]): OnnxTensor => ({
    name,
    shape,
    values: Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      () => (2 * random.next() - 1) * 0.6,
    ),
  });
  const ends = output === 'Y_h';
  const order = layout === 0 ? (ends ? [1, 0, 2] : [0, 2, 1, 3]) : ends ? [0, 1, 2] : [0, 1, 2, 3];
  const nodes: OnnxNode[] = [
    {
      operator: op,
      inputs: ['X', 'W', 'R', ...(bias ? ['B'] : [])],
      outputs: ends ? ['', 'Y'] : ['Y'],
      attributes: {
        hidden_size: units,
        direction,
        activations: Array.from({ length: directions }, () => activations).flat(),
        ...more,
        ...(layout === 1 && { layout }),
      },
    },
    { operator: 'Transpose', inputs: ['Y'], outputs: ['turned'], attributes: { perm: order } },
    { operator: 'Reshape', inputs: ['turned', 'shape'], outputs: ['out'] },
  ];
  const shape = BigInt64Array.from(ends ? [0n, -1n] : [0n, 0n, -1n]);
  return encodeModel({
    name: 'case',
    nodes,
    initializers: [
      tensor('W', directions, rows, width),
      tensor('R', directions, rows, units),
      ...(bias ? [tensor('B', directions, 2 * rows)] : []),
      { name: 'shape', shape: [shape.length], values: shape },
    ],
    inputs: [{ name: 'X', type: 'float32', shape: layout === 0 ? ['T', 'B', width] : ['B', 'T', width] }],
    outputs: [{ name: 'out', type: 'float32', shape: ends ? ['B', 'F'] : ['T', 'B', 'F'] }],
  });
}

const kernel = createKernel({ mode: 'auto', memoryMegabytes: 256 });
const ours = async (file: Uint8Array, x: Float32Array): Promise<Float32Array[]> => {
  const { network, weights } = (await readForeign(file)).network();
  return runOnce(kernel, network, weights, x);
};
const distance = (a: readonly Float32Array[], b: ArrayLike<number>): number => {
  const width = a[0]!.length;
  const last = a.slice(-(b.length / width));
  return Math.max(...Array.from(b, (value, i) => Math.abs(value - last[Math.floor(i / width)]![i % width]!)));
};

let worst = 0;
let worstLayout = 0;
for (const [number, one] of cases.entries()) {
  const random = createRng(number, 6);
  const x = Float32Array.from({ length: steps * one.width }, () => 2 * random.next() - 1);
  const file = encode(one, 0, number);
  const session = await InferenceSession.create(file, { executionProviders: ['cpu'], intraOpNumThreads: 1 });
  const { out } = await session.run({ X: new Tensor('float32', x, [steps, 1, one.width]) });
  const rows = await ours(file, x);
  const apart = distance(rows, out!.data as Float32Array);
  const other = await ours(encode(one, 1, number), x);
  const layouts = Math.max(
    ...other.map((row, t) => Math.max(...row.map((value, k) => Math.abs(value - rows[t]![k]!)))),
  );
  worst = Math.max(worst, apart);
  worstLayout = Math.max(worstLayout, layouts);
  // NaN is no small distance
  if (!(apart < 1e-5) || layouts !== 0) {
    console.log(`WRONG ${one.name}: ${apart} from onnxruntime, layout 1 ${layouts} from layout 0`);
    process.exitCode = 1;
  }
}
console.log(
  `${cases.length} cases: at most ${worst.toExponential(1)} from onnxruntime; layout 1 at most ${worstLayout} from layout 0`,
);
