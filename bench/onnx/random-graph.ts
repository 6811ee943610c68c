import { createRng } from '../../src/random.ts';
import { encodeModel, type OnnxNode, type OnnxTensor } from './model.ts';
import { gates } from './recurrent-cases.ts';

// Random graphs around recurrent operators, as exporters write them: steps, batch or channels first, fixed or open sizes,
// convolutions and pooling before, states and lengths as inputs, outputs in any order and layout, names that say nothing.

type Layout = 'BTF' | 'TBF' | 'BFT' | 'BF';

export interface RandomGraph {
  readonly file: Uint8Array;
  /** The inputs for one sequence: shapes and numbers. */
  readonly feeds: readonly { name: string; shape: readonly number[]; values: Float32Array | BigInt64Array }[];
  /** [steps][features] */
  readonly x: readonly Float32Array[];
  /** The sequence as the file's input has it. */
  readonly flat: Float32Array;
  readonly answer: string;
  /** The answer's axis of rows, null where it is one row. */
  readonly rows: number | null;
}

const recurrent = ['LSTM', 'GRU', 'RNN'] as const;
const inputNames = ['x', 'input', 'features', 'lengths', 'h0', 'mel', 'data', 'batch', 'c_in', 'obs'];

/** A graph that depends on the seed alone. */
export function randomGraph(seed: number): RandomGraph {
  const random = createRng(seed, 3);
  const pick = <T>(...list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!;
  const happens = (probability: number): boolean => random.next() < probability;
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  let count = 0;
  const tensor = (shape: readonly number[], values: OnnxTensor['values']): string => {
    initializers.push({ name: `w${++count}`, shape, values });
    return `w${count}`;
  };
  const floats = (...shape: number[]): string => {
    const length = shape.reduce((a, b) => a * b, 1);
    return tensor(
      shape,
      Float32Array.from({ length }, () => (2 * random.next() - 1) * 0.6),
    );
  };
  const integers = (...values: number[]): string =>
    tensor([values.length], BigInt64Array.from(values, BigInt));
  const add = (
    operator: string,
    inputs: string[],
    attributes: OnnxNode['attributes'] = {},
    outputs = 1,
  ): string[] => {
    const names = Array.from({ length: outputs }, () => `v${++count}`);
    nodes.push({ operator, inputs, outputs: names, attributes });
    return names;
  };
  const then = (operator: string, inputs: string[], attributes: OnnxNode['attributes'] = {}): string =>
    add(operator, inputs, attributes)[0]!;

  const features = pick(2, 3, 5);
  const given = pick<Layout>('BTF', 'TBF', 'BFT');
  const batch = pick<string | number>('B', 'batch', 'N', 'T', 1, 'seq');
  const time = pick<string | number>('time', 'seq_len', 'batch_size', 'dyn', 7);
  const name = pick(...inputNames);
  const getSize = (axis: string): string | number => (axis === 'B' ? batch : axis === 'T' ? time : features);
  const inputs = [{ name, type: 'float32' as 'float32' | 'int64', shape: [...given].map(getSize) }];
  const outputs: { name: string; type: 'float32'; shape: (string | number)[] }[] = [];
  let [value, layout, width] = [name, given, features];
  const turn = (wanted: Layout): void => {
    if (layout === wanted) return;
    value = then('Transpose', [value], { perm: [...wanted].map((axis) => layout.indexOf(axis)) });
    layout = wanted;
  };

  let strided = false;
  if (happens(0.35)) {
    turn('BFT');
    const [kernel, stride, dilation, units] = [pick(1, 2, 3), pick(1, 1, 2, 3), pick(1, 1, 2), pick(2, 4)];
    const around = pick(0, 1, (kernel - 1) * dilation);
    value = then('Conv', [value, floats(units, width, kernel)], {
      kernel_shape: [kernel],
      strides: [stride],
      dilations: [dilation],
      pads: happens(0.5) ? [around, around] : [(kernel - 1) * dilation, 0],
    });
    if (happens(0.5)) value = then('Tanh', [value]);
    const pools = happens(0.3);
    if (pools) value = then('MaxPool', [value], { kernel_shape: [2], strides: [2] });
    strided = pools || stride > 1;
    width = units;
  }
  const feeds: RandomGraph['feeds'][number][] = [];
  const steps = typeof time === 'number' ? time : pick(6, 9, 11);
  const lengths = happens(0.25) ? pick('lens', 'y_len', 'n') : '';
  if (lengths) {
    inputs.push({ name: lengths, type: 'int64', shape: [batch] });
    feeds.push({ name: lengths, shape: [1], values: BigInt64Array.of(BigInt(steps)) });
  }
  const [carries, both] = [happens(0.4), happens(0.3)];
  const directions = both ? 2 : 1;
  for (let layer = pick(1, 1, 2); layer > 0; layer--) {
    const operator = pick(...recurrent);
    const units = pick(2, 3);
    const rows = gates[operator] * units;
    turn('TBF');
    const states = operator === 'LSTM' ? 2 : 1;
    const starts = Array.from(
      { length: carries ? states : 0 },
      () => `${pick('state', 's', 'prev')}_${++count}`,
    );
    const shape = [directions, batch, units];
    const declared = starts.map((start) => ({ name: start, type: 'float32' as const, shape }));
    inputs.push(...(happens(0.5) ? declared : declared.toReversed()));
    for (const start of starts)
      feeds.push({
        name: start,
        shape: [directions, 1, units],
        values: new Float32Array(directions * units),
      });
    const read = [value, floats(directions, rows, width), floats(directions, rows, units)];
    read.push(
      floats(directions, 2 * rows),
      lengths && !strided ? then('Cast', [lengths], { to: 6 }) : '',
      ...starts,
    );
    while (read.at(-1) === '') read.pop();
    const [y, ...ends] = add(
      operator,
      read,
      { hidden_size: units, ...(both && { direction: 'bidirectional' }) },
      1 + states,
    );
    if (carries)
      for (const end of ends) outputs.push({ name: then('Identity', [end]), type: 'float32', shape });
    value = both
      ? then('Reshape', [then('Transpose', [y!], { perm: [0, 2, 1, 3] }), integers(0, 0, 2 * units)])
      : then('Squeeze', [y!, integers(1)]);
    width = directions * units;
  }
  if (happens(0.3)) {
    value = then('Gather', [value, tensor([], BigInt64Array.of(-1n))], { axis: 0 });
    layout = 'BF';
  } else turn(pick<Layout>('BTF', 'TBF', 'BFT'));
  if (layout.endsWith('F') && happens(0.5)) {
    const units = pick(2, 4);
    value = then('Add', [then('MatMul', [value, floats(width, units)]), floats(units)]);
    width = units;
  }
  if (happens(0.3)) value = then(pick('Tanh', 'Sigmoid'), [value]);
  const answer = then('Identity', [value]);
  const shape = [...layout].map((axis) => (axis === 'F' ? width : axis === 'B' ? batch : 'rows'));
  outputs.splice(Math.floor(random.next() * (outputs.length + 1)), 0, {
    name: answer,
    type: 'float32',
    shape,
  });
  if (happens(0.5)) inputs.reverse();

  const x = Array.from({ length: steps }, () =>
    Float32Array.from({ length: features }, () => 2 * random.next() - 1),
  );
  const channels = given === 'BFT';
  const flat = Float32Array.from({ length: steps * features }, (_, i) =>
    channels ? x[i % steps]![Math.floor(i / steps)]! : x[Math.floor(i / features)]![i % features]!,
  );
  feeds.push({
    name,
    shape: [...given].map((axis) => (axis === 'B' ? 1 : axis === 'T' ? steps : features)),
    values: flat,
  });
  const file = encodeModel({ name: 'random', nodes, initializers, inputs, outputs });
  return { file, feeds, x, flat, answer, rows: layout === 'BF' ? null : layout.indexOf('T') };
}
