import type { Tensor } from '../../network/weights.ts';
import {
  getAxes,
  requireConstant,
  getIntegerAttribute,
  requireFeatureRows,
  requireRows,
  shapeValue,
  type Inputs,
  type OperatorConverter,
  type ConversionContext,
} from './operator-converter.ts';
import { invalidModel } from '../format-errors.ts';
import { createAxis, type Axis, type Rows } from './tracked-value.ts';

// Operators that change shapes. Most become no layer: only the axes of the tracked rows change.

/** Adds a pool layer that takes the last step of a sequence. */
function lastStep(x: Rows, axes: readonly Axis[], name: string, { draft }: ConversionContext): Rows {
  const layer = draft.add(name, { type: 'pool', mode: 'last' }, [draft.resolveRows(x)]);
  return { ...x, axes, layer, end: null };
}

const passThrough: OperatorConverter = (_, [value]) => [value ?? invalidModel('the input is missing')];
const hasShapeInput = (inputs: Inputs): boolean => inputs.some((one) => one?.kind === 'shape');

export const shapeOperators: Readonly<Record<string, OperatorConverter>> = {
  Identity: passThrough,
  Dropout: passThrough,
  Cast: passThrough,
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
  Shape: () => [shapeValue],
  Size: () => [shapeValue],
  ConstantOfShape: (node) => [{ kind: 'fill', value: node.attributes.get('value')?.t?.values[0] ?? 0 }],
  Expand(_, [value]) {
    if (value?.kind === 'fill' || value?.kind === 'state') return [value];
    const { shape: sizes, values } = requireConstant(value, 'the expanded tensor');
    if (values.some((one) => one !== values[0]))
      // an initial state [directions, 1, units], expanded to the batch
      return sizes.length === 3 && value?.kind === 'constant'
        ? [value]
        : invalidModel('only a tensor filled with one number can be expanded');
    return [{ kind: 'fill', value: values[0] ?? 0 }];
  },
  Gather(node, [from, index], reading) {
    if (from?.kind === 'shape' || index?.kind === 'shape') return [shapeValue];
    const on = getIntegerAttribute(node, 'axis', 0);
    if (from?.kind === 'constant' && index?.kind === 'rows') {
      const [vocabulary = 0, units = 0] = from.tensor.shape;
      if (from.tensor.shape.length !== 2 || on !== 0)
        invalidModel('only the rows of a matrix can be looked up');
      const layer = reading.draft.add(
        node.name || 'embedding',
        { type: 'embedding', vocabulary, units },
        [index.layer],
        [['weight', from.tensor]],
      );
      return [
        { kind: 'rows', axes: [...index.axes, createAxis('features')], layer, width: units, end: null },
      ];
    }
    const x = requireRows(from);
    const { shape: sizes, values } = requireConstant(index, 'the index');
    const role = x.axes[on < 0 ? on + x.axes.length : on]?.role;
    const axes = x.axes.filter((_, i) => i !== (on < 0 ? on + x.axes.length : on));
    if (sizes.length !== 0 || values.length !== 1) invalidModel('only a single index can be gathered');
    if (role === 'time' && values[0] === -1)
      return [lastStep(requireFeatureRows(x), axes, node.name || 'last', reading)];
    if (role === 'directions' && x.axes.find((one) => one.role === 'directions')!.size === 1)
      return [{ ...x, axes }];
    return invalidModel(
      `index ${values[0]} of ${role ?? 'an unknown axis'}: only the last step can be selected`,
    );
  },
  Slice(node, inputs, reading) {
    const [from] = inputs;
    if (from?.kind === 'fill' || from?.kind === 'shape' || from?.kind === 'state') return [from];
    if (hasShapeInput(inputs)) return invalidModel('the bounds are only known at run time');
    const x = requireRows(from);
    const [starts, ends, axes] = ['starts', 'ends', 'axes'].map(
      (name, i) =>
        node.attributes.get(name)?.ints ??
        (inputs[i + 1]?.kind === 'constant' ? [...requireConstant(inputs[i + 1], name).values] : []),
    );
    const on = axes![0]! < 0 ? axes![0]! + x.axes.length : axes![0]!;
    if (starts!.length !== 1 || x.axes[on]?.role !== 'time' || starts![0] !== -1 || ends![0]! < 2 ** 30)
      invalidModel('only the last step can be sliced');
    return [
      lastStep(
        requireFeatureRows(x),
        x.axes.map((one, i) => (i === on ? createAxis('one') : one)),
        node.name || 'last',
        reading,
      ),
    ];
  },
  Transpose(node, [value]) {
    if (value?.kind === 'constant') {
      const { shape: sizes, values } = value.tensor;
      const [r = 0, c = 0] = sizes;
      if (sizes.length !== 2) return invalidModel('only a constant of two dimensions can be transposed');
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
    const x = requireRows(value);
    const order = node.attributes.get('perm')?.ints ?? x.axes.map((_, i) => x.axes.length - 1 - i);
    if (order.toSorted((a, b) => a - b).join() !== x.axes.map((_, i) => i).join())
      invalidModel(`perm [${order.join(', ')}] of ${x.axes.length} axes`);
    return [{ ...x, axes: order.map((from) => x.axes[from]!) }];
  },
  Squeeze(node, [value, on]) {
    if (value?.kind !== 'rows') return [value ?? invalidModel('the input is missing')];
    const given = getAxes(node, on, value.axes.length);
    const removed =
      given.length > 0
        ? given
        : value.axes.flatMap(({ role, size }, i) =>
            role === 'one' || (role === 'directions' && size === 1) ? [i] : [],
          );
    for (const one of removed) {
      const { role, size } = value.axes[one] ?? invalidModel(`axis ${one} of ${value.axes.length}`);
      if (role === 'features' || (role === 'directions' && size !== 1))
        invalidModel(`removes the ${role} axis`);
    }
    return [{ ...value, axes: value.axes.filter((_, i) => !removed.includes(i)) }];
  },
  Unsqueeze(_, [value]) {
    return value?.kind === 'rows'
      ? invalidModel('adds an axis to a sequence')
      : [value ?? invalidModel('the input is missing')];
  },
  Reshape(_, inputs) {
    const [value, target] = inputs;
    if (value?.kind !== 'rows') return [value ?? invalidModel('the input is missing')];
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
      : invalidModel(
          `the new shape [${wanted?.join(', ') ?? 'known at run time'}] for ${axes.map(({ role }) => role ?? '?').join(', ')}`,
        );
  },
  Concat(node, inputs, { draft }) {
    if (inputs.every((one) => one?.kind === 'constant')) {
      const values = inputs.flatMap((one) => [...requireConstant(one, '').values]);
      return [{ kind: 'constant', tensor: { shape: [values.length], values: Float32Array.from(values) } }];
    }
    if (hasShapeInput(inputs)) return [shapeValue];
    const all = inputs.map(requireFeatureRows);
    const on = getIntegerAttribute(node, 'axis', -1);
    if (on !== -1 && on !== all[0]!.axes.length - 1) invalidModel(`joins over axis ${on}, must be the last`);
    const layer = draft.add(
      node.name || 'concat',
      { type: 'concat' },
      all.map((one) => draft.resolveRows(one)),
    );
    return [{ ...all[0]!, layer, width: all.reduce((sum, { width }) => sum + width, 0), end: null }];
  },
};
