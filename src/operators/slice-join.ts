import {
  normaliseAxis,
  constantValues,
  createOperand,
  stridedIndexes,
  invalidOperator,
  elementCount,
  computeStrides,
} from './operand.ts';
import { numberAttribute, textAttribute, type OperatorImplementation } from './operator.ts';
import { gathered, required, requireInputs, reshaped } from './shape.ts';

// Operators that slice, pad, concatenate and split.

const slice: OperatorImplementation = (_, [x, starts, ends, axes, steps], context) => {
  const from = required(x);
  const first = constantValues(starts, 'starts');
  const last = constantValues(ends, 'ends');
  const on = axes ? constantValues(axes, 'axes') : first.map((__, i) => i);
  const by = steps ? constantValues(steps, 'steps') : first.map(() => 1);
  const shape = [...from.shape];
  const strides = computeStrides(from.shape);
  let start = 0;
  first.forEach((given, i) => {
    const axis = normaliseAxis(on[i] ?? NaN, from.shape.length);
    const [size, step] = [from.shape[axis]!, by[i] ?? 1];
    if (step === 0) invalidOperator('steps must not be 0');
    const fromStart = (position: number): number => (position < 0 ? position + size : position);
    const clampTo = (position: number): number =>
      step > 0 ? Math.min(Math.max(position, 0), size) : Math.min(Math.max(position, -1), size - 1);
    const begin = clampTo(fromStart(given));
    const end = clampTo(fromStart(last[i] ?? NaN));
    shape[axis] = Math.max(0, Math.ceil((end - begin) / step));
    start += begin * strides[axis]!;
    strides[axis] = strides[axis]! * step;
  });
  if (shape.join() === from.shape.join() && start === 0) return reshaped(from, shape);
  return gathered(from, shape, () => stridedIndexes(shape, strides, start), context);
};

const pad: OperatorImplementation = (operator, [x, pads, value, axes], context) => {
  const from = required(x);
  const amounts = constantValues(pads, 'pads');
  const on = (axes ? constantValues(axes, 'axes') : from.shape.map((_, i) => i)).map((axis) =>
    normaliseAxis(axis, from.shape.length),
  );
  const mode = textAttribute(operator, 'mode', 'constant');
  const before = from.shape.map((_, i) => (on.includes(i) ? amounts[on.indexOf(i)]! : 0));
  const after = from.shape.map((_, i) => (on.includes(i) ? amounts[on.indexOf(i) + on.length]! : 0));
  const shape = from.shape.map((size, i) => size + before[i]! + after[i]!);
  if (amounts.length !== 2 * on.length) invalidOperator(`${amounts.length} pads for ${on.length} axes`);
  /** The source position of one in the padded axis, −1 in constant padding. */
  const findSource = (position: number, size: number): number => {
    if (position >= 0 && position < size) return position;
    if (mode === 'constant') return -1;
    if (mode === 'edge') return position < 0 ? 0 : size - 1;
    if (mode === 'wrap') return ((position % size) + size) % size;
    if (mode !== 'reflect')
      return invalidOperator(`mode must be constant, edge, wrap or reflect, not ${mode}`);
    const period = 2 * (size - 1);
    if (period === 0) return 0;
    const folded = ((position % period) + period) % period;
    return folded < size ? folded : period - folded;
  };
  const strides = computeStrides(from.shape);
  const computeIndexes = (): Int32Array => {
    let indexes: Int32Array = new Int32Array(1);
    shape.forEach((size, axis) => {
      const wider = new Int32Array(indexes.length * Math.max(size, 0));
      for (let i = 0; i < indexes.length; i++)
        for (let k = 0; k < size; k++) {
          const at = findSource(k - before[axis]!, from.shape[axis]!);
          wider[i * size + k] = indexes[i]! < 0 || at < 0 ? -1 : indexes[i]! + at * strides[axis]!;
        }
      indexes = wider;
    });
    return indexes;
  };
  const fill = value ? (constantValues(value, 'the value')[0] ?? 0) : 0;
  return gathered(from, shape, computeIndexes, context, fill);
};

const concat: OperatorImplementation = (operator, inputs, context) => {
  const parts = requireInputs(inputs, 1);
  const [first] = parts;
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), first!.shape.length);
  for (const { shape } of parts)
    if (
      shape.length !== first!.shape.length ||
      shape.some((size, i) => i !== axis && size !== first!.shape[i])
    )
      invalidOperator(
        `[${parts.map((part) => part.shape.join(', ')).join('] and [')}] cannot be concatenated along axis ${axis}`,
      );
  const shape = first!.shape.map((size, i) =>
    i === axis ? parts.reduce((sum, part) => sum + part.shape[axis]!, 0) : size,
  );
  const y = createOperand(
    context,
    first!.kind,
    shape,
    parts.every(({ known }) => known),
  );
  const rows = elementCount(shape.slice(0, axis));
  const stride = elementCount(shape.slice(axis));
  return {
    outputs: [y],
    run: () => {
      let column = 0;
      for (const { values } of parts) {
        const width = rows === 0 ? 0 : values.length / rows;
        for (let row = 0; row < rows; row++)
          y.values.set(values.subarray(row * width, (row + 1) * width), row * stride + column);
        column += width;
      }
    },
  };
};

const split: OperatorImplementation = (operator, [x, sizes], context) => {
  const from = required(x);
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), from.shape.length);
  const whole = from.shape[axis]!;
  const count = operator.outputs.length;
  const each = Math.ceil(whole / count);
  const lengths = sizes
    ? constantValues(sizes, 'split')
    : Array.from({ length: count }, (_, i) => Math.min(each, whole - i * each));
  if (lengths.reduce((sum, size) => sum + size, 0) !== whole || lengths.length !== count)
    invalidOperator(`${count} parts of lengths ${lengths.join(', ')} do not add up to ${whole}`);
  const strides = computeStrides(from.shape);
  let start = 0;
  const parts = lengths.map((size) => {
    const shape = from.shape.map((one, i) => (i === axis ? size : one));
    const first = start * strides[axis]!;
    const part = gathered(from, shape, () => stridedIndexes(shape, strides, first), context);
    start += size;
    return part;
  });
  return { outputs: parts.map(({ outputs }) => outputs[0]!), run: () => parts.forEach(({ run }) => run?.()) };
};

export const sliceJoinOperators: Readonly<Record<string, OperatorImplementation>> = {
  Slice: slice,
  Pad: pad,
  Concat: concat,
  Split: split,
};
