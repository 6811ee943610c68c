import { createRng } from '../../src/random.ts';
import { encodeModel, type OnnxNode, type OnnxTensor } from './model.ts';
import { gates, type Case } from './recurrent-cases.ts';

/**
 * X [T, B, in] (layout 1: [B, T, in]) → the rows, their directions side by side. Its numbers are drawn from
 * the seed.
 */
export function encodeCase(one: Case, steps: number, layout: 0 | 1, seed: number): Uint8Array {
  const { operator, units, width } = one;
  const directions = one.activations.length;
  const rows = gates[operator] * units;
  const random = createRng(seed, 5);
  const tensors: OnnxTensor[] = [];
  const tensor = (name: string, ...shape: number[]): string => {
    const length = shape.reduce((a, b) => a * b, 1);
    // wide sums stay where activations bend, and those without a bound do not run away
    const scale = Math.min(0.6, 2 / Math.sqrt(shape.at(-1)!));
    tensors.push({
      name,
      shape,
      values: Float32Array.from({ length }, () => (2 * random.next() - 1) * scale),
    });
    return name;
  };
  const state = layout === 0 ? [directions, 1, units] : [1, directions, units];
  const inputs = ['X', tensor('W', directions, rows, width), tensor('R', directions, rows, units)];
  inputs.push(one.bias ? tensor('B', directions, 2 * rows) : '');
  inputs.push(one.lengths ? 'lengths' : '');
  inputs.push(one.initialH ? tensor('h', ...state) : '');
  if (operator === 'LSTM') {
    inputs.push(one.initialC ? tensor('c', ...state) : '');
    inputs.push(one.peepholes ? tensor('P', directions, 3 * units) : '');
  }
  while (inputs.at(-1) === '') inputs.pop();
  if (one.lengths) tensors.push({ name: 'lengths', shape: [1], values: Int32Array.of(steps) });

  const ends = one.output === 'Y_h';
  const order = layout === 0 ? (ends ? [1, 0, 2] : [0, 2, 1, 3]) : ends ? [0, 1, 2] : [0, 1, 2, 3];
  const shape = BigInt64Array.from(ends ? [0n, -1n] : [0n, 0n, -1n]);
  const nodes: OnnxNode[] = [
    {
      operator,
      inputs,
      outputs: ends ? ['', 'Y'] : ['Y'],
      attributes: { ...toAttributes(one), ...(layout === 1 && { layout }) },
    },
    { operator: 'Transpose', inputs: ['Y'], outputs: ['turned'], attributes: { perm: order } },
    { operator: 'Reshape', inputs: ['turned', 'shape'], outputs: ['out'] },
  ];
  return encodeModel({
    name: 'case',
    nodes,
    initializers: [...tensors, { name: 'shape', shape: [shape.length], values: shape }],
    inputs: [{ name: 'X', type: 'float32', shape: layout === 0 ? ['T', 'B', width] : ['B', 'T', width] }],
    outputs: [{ name: 'out', type: 'float32', shape: ends ? ['B', 'F'] : ['T', 'B', 'F'] }],
  });
}

function toAttributes(one: Case): NonNullable<OnnxNode['attributes']> {
  const list = one.activations.flat();
  const [alphas, betas] = (['alpha', 'beta'] as const).map((name) =>
    Float32Array.from(list.flatMap((activation) => activation[name] ?? [])),
  );
  return {
    hidden_size: one.units,
    direction: one.direction,
    activations: list.map(({ name }) => name),
    ...(alphas!.length > 0 && { activation_alpha: alphas! }),
    ...(betas!.length > 0 && { activation_beta: betas! }),
    ...(one.operator === 'GRU' && { linear_before_reset: Number(one.resetAfter) }),
    ...(one.clip !== null && { clip: { float: one.clip } }),
    ...(one.inputForget && { input_forget: 1 }),
  };
}
