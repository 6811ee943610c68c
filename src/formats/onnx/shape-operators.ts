import type { Tensor } from '../../network/weights.ts';
import {
  axesOf,
  constant,
  int,
  ready,
  rows,
  shape,
  type Inputs,
  type Operator,
  type Reading,
} from './operator.ts';
import { refuse } from './refuse.ts';
import { axis, type Axis, type Rows } from './values.ts';

// Operators that move numbers about: most of them turn into nothing, since rows know what their axes are.

/** The last step of a sequence. */
function lastStep(x: Rows, axes: readonly Axis[], name: string, { draft }: Reading): Rows {
  const layer = draft.add(name, { type: 'pool', mode: 'last' }, [draft.rowsOf(x)]);
  return { ...x, axes, layer, end: null };
}

const same: Operator = (_, [value]) => [value ?? refuse('reads nothing')];
const ofShapes = (inputs: Inputs): boolean => inputs.some((one) => one?.kind === 'shape');

export const shapeOperators: Readonly<Record<string, Operator>> = {
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
    const { shape: sizes, values } = constant(value, 'what is expanded');
    if (values.some((one) => one !== values[0]))
      // a state [directions, 1, units], for as many sequences as there are
      return sizes.length === 3 && value?.kind === 'constant'
        ? [value]
        : refuse('a tensor of several numbers is expanded');
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
};
