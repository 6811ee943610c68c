import type { Tensor } from '../../network/weights.ts';
import type { Draft } from './draft.ts';
import type { OnnxNode } from './read-onnx.ts';
import { convertRecurrent } from './recurrent.ts';
import { refuse } from './refuse.ts';
import { axis, type Axis, type Rows, type Value } from './values.ts';

/** What an operator may use of its surroundings. */
export interface Reading {
  readonly draft: Draft;
  readonly opset: number;
  /** How many nodes and outputs read a tensor. */
  readonly readers: (name: string) => number;
}
type Inputs = readonly (Value | undefined)[];
type Operator = (node: OnnxNode, inputs: Inputs, reading: Reading) => readonly Value[];

/** What an operator makes of its inputs. @throws UnrollError invalid_model, saying what we don't have */
export function convertNode(node: OnnxNode, inputs: Inputs, reading: Reading): readonly Value[] {
  if (node.domain !== '' && node.domain !== 'ai.onnx')
    refuse(`operators of ${node.domain} are not supported`);
  const operator = operators[node.op];
  if (!operator || !Object.hasOwn(operators, node.op)) return refuse('there is no such operator here');
  return operator(node, inputs, reading);
}

const shape: Value = { kind: 'shape' };
const int = (node: OnnxNode, name: string, otherwise: number): number =>
  node.attributes.get(name)?.i ?? otherwise;
const constant = (value: Value | undefined, what: string): Tensor =>
  value?.kind === 'constant' ? value.tensor : refuse(`${what} is not a constant`);
const rows = (value: Value | undefined): Rows => (value?.kind === 'rows' ? value : refuse('reads no rows'));
/** Axes of an operator: an attribute, from opset 13 on an input. */
const axesOf = (node: OnnxNode, input: Value | undefined, rank: number): number[] => {
  const given =
    node.attributes.get('axes')?.ints ?? (input?.kind === 'constant' ? [...input.tensor.values] : []);
  return given.map((one) => (one < 0 ? one + rank : one));
};
/** Rows that a layer of ours can read: features last, directions told apart no more. */
function ready(value: Value | undefined): Rows {
  const one = rows(value);
  if (one.axes.at(-1)?.role !== 'features') refuse('its features are not the last axis');
  if (one.axes.some(({ role, size }) => role === 'directions' && size !== 1))
    refuse('the directions are an axis of their own');
  return one;
}

/** y = W x + b in a layer of its own. */
function dense(name: string, x: Rows, weight: Tensor, bias: Tensor | null, { draft }: Reading): Rows {
  const [units = 0, width = 0] = weight.shape;
  if (weight.shape.length !== 2 || (x.width !== 0 && width !== x.width))
    refuse(`a matrix of [${weight.shape.join(', ')}] for ${x.width} columns`);
  const zeros = { shape: [units], values: new Float32Array(units) };
  const layer = draft.add(
    name,
    { type: 'dense', units, activation: 'linear' },
    [draft.rowsOf(x)],
    [
      ['weight', weight],
      ['bias', bias ?? zeros],
    ],
  );
  return { ...x, layer, width: units, end: null };
}

/** y = scale · x + shift, column by column: into the dense layer before it where nobody else reads that, else a layer of its own. */
function affine(
  node: OnnxNode,
  x: Rows,
  source: string,
  scale: Float32Array,
  shift: Float32Array,
  reading: Reading,
): Rows {
  const { draft } = reading;
  const { width } = x;
  const before = draft.layer(x.layer);
  const open =
    before['type'] === 'dense' &&
    before['activation'] === 'linear' &&
    reading.readers(source) === 1 &&
    x.end === null;
  if (open) {
    const [weight, bias] = [draft.tensor(`${x.layer}.weight`), draft.tensor(`${x.layer}.bias`)];
    const inner = weight.shape[1]!;
    draft.setTensor(`${x.layer}.weight`, {
      shape: weight.shape,
      values: weight.values.map((value, i) => value * scale[Math.floor(i / inner)]!),
    });
    draft.setTensor(`${x.layer}.bias`, {
      shape: bias.shape,
      values: bias.values.map((value, k) => value * scale[k]! + shift[k]!),
    });
    return x;
  }
  const values = new Float32Array(width * width);
  scale.forEach((factor, k) => (values[k * width + k] = factor));
  return dense(
    node.name || node.op,
    x,
    { shape: [width, width], values },
    { shape: [width], values: shift },
    reading,
  );
}

/** A vector over the columns, from one that broadcasts: [width], [1, width], one number. */
function overColumns({ shape: sizes, values }: Tensor, width: number): Float32Array {
  if (values.length === 1) return new Float32Array(width).fill(values[0]!);
  if (values.length !== width || sizes.at(-1) !== width)
    return refuse(`a constant of [${sizes.join(', ')}] beside ${width} columns`);
  return values;
}

const arithmetic =
  (scaleOf: (k: Float32Array) => Float32Array, shiftOf: (k: Float32Array) => Float32Array): Operator =>
  (node, inputs, reading) => {
    const [a, b] = inputs;
    if (inputs.some((one) => one?.kind === 'shape')) return [shape];
    if (a?.kind === 'rows' && b?.kind === 'rows') {
      if (node.op !== 'Add') return refuse('of two sequences only sums are supported');
      const [one, other] = [ready(a), ready(b)];
      if (one.width !== other.width) refuse(`adds ${one.width} and ${other.width} columns`);
      const layer = reading.draft.add(node.name || 'add', { type: 'add' }, [
        reading.draft.rowsOf(one),
        reading.draft.rowsOf(other),
      ]);
      return [{ ...one, layer, end: null }];
    }
    const first = a?.kind === 'rows';
    if (!first && (node.op === 'Sub' || node.op === 'Div'))
      return refuse('a constant less or by a sequence is not supported');
    const x = ready(first ? a : b);
    const vector = overColumns(constant(first ? b : a, 'its other side'), x.width);
    return [affine(node, x, node.inputs[first ? 0 : 1]!, scaleOf(vector), shiftOf(vector), reading)];
  };
const ones = (of: Float32Array): Float32Array => new Float32Array(of.length).fill(1);
const zerosLike = (of: Float32Array): Float32Array => new Float32Array(of.length);

const activation =
  (name: string): Operator =>
  (node, inputs, reading) => {
    const x = ready(inputs[0]);
    if (name === 'softmax') {
      const usual = reading.opset < 13 ? 1 : -1;
      const on = int(node, 'axis', usual);
      if (on !== -1 && on !== x.axes.length - 1) refuse(`a softmax over axis ${on}, must be the last`);
    }
    const scaled = affine(
      node,
      x,
      node.inputs[0]!,
      new Float32Array(x.width).fill(1),
      new Float32Array(x.width),
      reading,
    );
    reading.draft.layer(scaled.layer)['activation'] = name;
    return [scaled];
  };

const pool =
  (mode: 'mean' | 'max'): Operator =>
  (node, inputs, { draft }) => {
    const x = ready(inputs[0]);
    const on = axesOf(node, inputs[1], x.axes.length);
    if (on.length !== 1 || x.axes[on[0]!]?.role !== 'time') refuse('only over time');
    const layer = draft.add(node.name || mode, { type: 'pool', mode }, [draft.rowsOf(x)]);
    const axes =
      int(node, 'keepdims', 1) === 1
        ? x.axes.map((one, i) => (i === on[0] ? axis('one') : one))
        : x.axes.filter((_, i) => i !== on[0]);
    return [{ ...x, axes, layer, end: null }];
  };

/** The last step of a sequence. */
function lastStep(x: Rows, axes: readonly Axis[], name: string, { draft }: Reading): Rows {
  const layer = draft.add(name, { type: 'pool', mode: 'last' }, [draft.rowsOf(x)]);
  return { ...x, axes, layer, end: null };
}

const same: Operator = (_, [value]) => [value ?? refuse('reads nothing')];
const ofShapes = (inputs: Inputs): boolean => inputs.some((one) => one?.kind === 'shape');

const operators: Readonly<Record<string, Operator>> = {
  RNN: (node, inputs, { draft }) => convertRecurrent(node, inputs, draft),
  GRU: (node, inputs, { draft }) => convertRecurrent(node, inputs, draft),
  LSTM: (node, inputs, { draft }) => convertRecurrent(node, inputs, draft),
  Identity: same,
  Dropout: same,
  Cast: same,
  Constant(node) {
    const { t, f, i, floats, ints } = Object.assign(
      {},
      ...['value', 'value_float', 'value_int', 'value_floats', 'value_ints'].flatMap(
        (name) => node.attributes.get(name) ?? [],
      ),
    ) as Partial<{ t: Tensor; f: number; i: number; floats: number[]; ints: number[] }>;
    if (t) return [{ kind: 'constant', tensor: t }];
    const list = f !== undefined ? [f] : i !== undefined ? [i] : floats?.length ? floats : (ints ?? []);
    const scalar = f !== undefined || i !== undefined;
    return [
      { kind: 'constant', tensor: { shape: scalar ? [] : [list.length], values: Float32Array.from(list) } },
    ];
  },
  Shape: () => [shape],
  Size: () => [shape],
  ConstantOfShape: (node) => [{ kind: 'fill', value: node.attributes.get('value')?.t?.values[0] ?? 0 }],
  Expand(_, [value]) {
    if (value?.kind === 'fill' || value?.kind === 'state') return [value];
    const { values } = constant(value, 'what is expanded');
    if (values.some((one) => one !== values[0])) refuse('a tensor of several numbers is expanded');
    return [{ kind: 'fill', value: values[0] ?? 0 }];
  },
  Gather(node, [from, index], reading) {
    if (from?.kind === 'shape' || index?.kind === 'shape') return [shape];
    const on = int(node, 'axis', 0);
    if (from?.kind === 'constant' && index?.kind === 'rows') {
      const [vocabulary = 0, units = 0] = from.tensor.shape;
      if (from.tensor.shape.length !== 2 || on !== 0) refuse('only rows of a matrix are looked up');
      const layer = reading.draft.add(
        node.name || 'embedding',
        { type: 'embedding', vocabulary, units },
        [index.layer],
        [['weight', from.tensor]],
      );
      return [{ kind: 'rows', axes: [...index.axes, axis('features')], layer, width: units, end: null }];
    }
    const x = rows(from);
    const { shape: sizes, values } = constant(index, 'the index');
    const role = x.axes[on < 0 ? on + x.axes.length : on]?.role;
    const axes = x.axes.filter((_, i) => i !== (on < 0 ? on + x.axes.length : on));
    if (sizes.length !== 0 || values.length !== 1) refuse('only a single index is gathered');
    if (role === 'time' && values[0] === -1) return [lastStep(ready(x), axes, node.name || 'last', reading)];
    if (role === 'directions' && x.axes.find((one) => one.role === 'directions')!.size === 1)
      return [{ ...x, axes }];
    return refuse(
      `index ${values[0]} of ${role ?? 'an axis that nothing tells'}, only the last step can be taken`,
    );
  },
  Slice(node, inputs, reading) {
    const [from] = inputs;
    if (from?.kind === 'fill' || from?.kind === 'shape' || from?.kind === 'state') return [from];
    if (ofShapes(inputs)) return refuse('a part whose size only a run tells');
    const x = rows(from);
    const [starts, ends, axes] = ['starts', 'ends', 'axes'].map(
      (name, i) =>
        node.attributes.get(name)?.ints ??
        (inputs[i + 1]?.kind === 'constant' ? [...constant(inputs[i + 1], name).values] : []),
    );
    const on = axes![0]! < 0 ? axes![0]! + x.axes.length : axes![0]!;
    if (starts!.length !== 1 || x.axes[on]?.role !== 'time' || starts![0] !== -1 || ends![0]! < 2 ** 30)
      refuse('only the last step can be cut out');
    return [
      lastStep(
        ready(x),
        x.axes.map((one, i) => (i === on ? axis('one') : one)),
        node.name || 'last',
        reading,
      ),
    ];
  },
  Transpose(node, [value]) {
    if (value?.kind === 'constant') {
      const { shape: sizes, values } = value.tensor;
      const [r = 0, c = 0] = sizes;
      if (sizes.length !== 2) return refuse('a constant of other than two dimensions is turned');
      return [
        {
          kind: 'constant',
          tensor: {
            shape: [c, r],
            values: Float32Array.from(values, (_, i) => values[(i % r) * c + Math.floor(i / r)]!),
          },
        },
      ];
    }
    const x = rows(value);
    const order = node.attributes.get('perm')?.ints ?? x.axes.map((_, i) => x.axes.length - 1 - i);
    if (order.toSorted((a, b) => a - b).join() !== x.axes.map((_, i) => i).join())
      refuse(`perm [${order.join(', ')}] of ${x.axes.length} axes`);
    return [{ ...x, axes: order.map((from) => x.axes[from]!) }];
  },
  Squeeze(node, [value, on]) {
    if (value?.kind !== 'rows') return [value ?? refuse('reads nothing')];
    const given = axesOf(node, on, value.axes.length);
    const gone =
      given.length > 0
        ? given
        : value.axes.flatMap(({ role, size }, i) =>
            role === 'one' || (role === 'directions' && size === 1) ? [i] : [],
          );
    for (const one of gone) {
      const { role, size } = value.axes[one] ?? refuse(`axis ${one} of ${value.axes.length}`);
      if (role === 'features' || (role === 'directions' && size !== 1))
        refuse(`takes the axis of ${role} away`);
    }
    return [{ ...value, axes: value.axes.filter((_, i) => !gone.includes(i)) }];
  },
  Unsqueeze(_, [value]) {
    return value?.kind === 'rows'
      ? refuse('gives a sequence another axis')
      : [value ?? refuse('reads nothing')];
  },
  Reshape(_, inputs) {
    const [value, target] = inputs;
    if (value?.kind !== 'rows') return [value ?? refuse('reads nothing')];
    const { axes, width } = value;
    const wanted = target?.kind === 'constant' ? [...target.tensor.values] : null;
    const both = axes.at(-2);
    if (
      both?.role === 'directions' &&
      axes.at(-1)?.role === 'features' &&
      (wanted === null || wanted.length === axes.length - 1)
    )
      return [{ ...value, axes: [...axes.slice(0, -2), axes.at(-1)!], width: width * (both.size ?? 1) }];
    const isSame =
      wanted?.length === axes.length &&
      wanted.slice(0, -1).every((size) => size === 0) &&
      [0, -1, width].includes(wanted.at(-1)!);
    return isSame
      ? [value]
      : refuse(
          `a new shape [${wanted?.join(', ') ?? 'that a run tells'}] for ${axes.map(({ role }) => role ?? '?').join(', ')}`,
        );
  },
  Concat(node, inputs, { draft }) {
    if (inputs.every((one) => one?.kind === 'constant')) {
      const values = inputs.flatMap((one) => [...constant(one, '').values]);
      return [{ kind: 'constant', tensor: { shape: [values.length], values: Float32Array.from(values) } }];
    }
    if (ofShapes(inputs)) return [shape];
    const all = inputs.map(ready);
    const on = int(node, 'axis', -1);
    if (on !== -1 && on !== all[0]!.axes.length - 1) refuse(`joins over axis ${on}, must be the last`);
    const layer = draft.add(
      node.name || 'concat',
      { type: 'concat' },
      all.map((one) => draft.rowsOf(one)),
    );
    return [{ ...all[0]!, layer, width: all.reduce((sum, { width }) => sum + width, 0), end: null }];
  },
  MatMul(node, [a, b], reading) {
    const x = ready(a);
    const { shape: sizes, values } = constant(b, 'the matrix');
    const [inner = 0, units = 0] = sizes;
    const turned = Float32Array.from(values, (_, i) => values[(i % inner) * units + Math.floor(i / inner)]!);
    return [dense(node.name || 'dense', x, { shape: [units, inner], values: turned }, null, reading)];
  },
  Gemm(node, [a, b, c], reading) {
    const x = ready(a);
    const scale = (name: string): number => node.attributes.get(name)?.f ?? 1;
    if (int(node, 'transA', 0) !== 0 || scale('alpha') !== 1 || scale('beta') !== 1)
      refuse('transA, alpha and beta must be left as they are');
    const { shape: sizes, values } = constant(b, 'the matrix');
    const [r = 0, k = 0] = sizes;
    const weight =
      int(node, 'transB', 0) !== 0
        ? { shape: sizes, values }
        : {
            shape: [k, r],
            values: Float32Array.from(values, (_, i) => values[(i % r) * k + Math.floor(i / r)]!),
          };
    const units = weight.shape[0]!;
    const bias =
      c === undefined ? null : { shape: [units], values: overColumns(constant(c, 'the bias'), units) };
    return [dense(node.name || 'dense', x, weight, bias, reading)];
  },
  Add: arithmetic(ones, (k) => k),
  Sub: arithmetic(ones, (k) => k.map((one) => -one)),
  Mul: arithmetic((k) => k, zerosLike),
  Div: arithmetic((k) => k.map((one) => 1 / one), zerosLike),
  Relu: activation('relu'),
  Tanh: activation('tanh'),
  Sigmoid: activation('sigmoid'),
  Softmax: activation('softmax'),
  LayerNormalization(node, [value, scale, shift], { draft }) {
    const x = ready(value);
    const on = int(node, 'axis', -1);
    if (on !== -1 && on !== x.axes.length - 1) refuse(`normalises over axis ${on}, must be the last`);
    const weight = { shape: [x.width], values: overColumns(constant(scale, 'the scale'), x.width) };
    const bias = {
      shape: [x.width],
      values:
        shift === undefined ? new Float32Array(x.width) : overColumns(constant(shift, 'the shift'), x.width),
    };
    const epsilon = node.attributes.get('epsilon')?.f ?? 1e-5;
    return [
      {
        ...x,
        layer: draft.add(
          node.name || 'norm',
          { type: 'layer_norm', epsilon },
          [draft.rowsOf(x)],
          [
            ['weight', weight],
            ['bias', bias],
          ],
        ),
        end: null,
      },
    ];
  },
  ReduceMean: pool('mean'),
  ReduceMax: pool('max'),
};
